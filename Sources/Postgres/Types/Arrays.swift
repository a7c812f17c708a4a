/// An array of one dimension, from 1. It may be empty and has no NULLs; ``NullableArray`` may.
extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// PostgreSQL's arrays of several dimensions are one type; nested Swift arrays are not offered.
    public static var postgresArrayType: PostgresType { Element.postgresArrayType }

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendArrayHeader(of: Self.postgresType, count: count, hasNulls: false)
        for element in self { element.encodeWithLength(into: &bytes) }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public static func accepts(_ type: PostgresType) -> Bool { ArrayReader.accepts(type, of: Element.self) }

    /// One dimension without NULLs, with any lower bound; anything else does not decode.
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> [Element]? {
        guard var reader = ArrayReader(bytes), Element.accepts(reader.element) else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(reader.count)
        for _ in 0..<reader.count {
            guard case .value(let bytes) = reader.next(), let element = Element.decode(bytes, as: reader.element) else {
                return nil
            }
            elements.append(element)
        }
        return reader.isAtEnd ? elements : nil
    }
}

/// An array whose elements may be NULL.
public struct NullableArray<Element> {
    public var elements: [Element?]
    public init(_ elements: [Element?]) { self.elements = elements }
}

extension NullableArray: Sendable where Element: Sendable {}
extension NullableArray: Equatable where Element: Equatable {}
extension NullableArray: Hashable where Element: Hashable {}

extension NullableArray: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public static var postgresArrayType: PostgresType { Element.postgresArrayType }

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendArrayHeader(of: Self.postgresType, count: elements.count, hasNulls: true)
        for element in elements {
            if let element { element.encodeWithLength(into: &bytes) } else { bytes.appendBigEndian(Int32(-1)) }
        }
    }
}

extension NullableArray: PostgresDecodable where Element: PostgresDecodable {
    public static func accepts(_ type: PostgresType) -> Bool { ArrayReader.accepts(type, of: Element.self) }

    /// One dimension, with any lower bound; several do not decode.
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> NullableArray? {
        guard var reader = ArrayReader(bytes), Element.accepts(reader.element) else { return nil }
        var elements: [Element?] = []
        elements.reserveCapacity(reader.count)
        for _ in 0..<reader.count {
            switch reader.next() {
            case .null: elements.append(nil)
            case .value(let bytes):
                guard let element = Element.decode(bytes, as: reader.element) else { return nil }
                elements.append(element)
            case nil: return nil
            }
        }
        return reader.isAtEnd ? NullableArray(elements) : nil
    }
}

extension [UInt8] {
    /// What stands before the elements of an array of type `array`; ``ArrayReader`` says in which form.
    fileprivate mutating func appendArrayHeader(of array: PostgresType, count: Int, hasNulls: Bool) {
        appendBigEndian(Int32(count == 0 ? 0 : 1))
        appendBigEndian(Int32(hasNulls ? 1 : 0))
        appendBigEndian((array.arrayElement ?? .unspecified).oid)
        guard count > 0 else { return }
        appendBigEndian(Int32(count))
        appendBigEndian(Int32(1))
    }
}
