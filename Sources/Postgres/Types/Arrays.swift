extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// PostgreSQL's arrays of several dimensions are one type; nested Swift arrays are not offered.
    public static var postgresArrayType: PostgresType { Element.postgresArrayType }

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(isEmpty ? 0 : 1))
        bytes.appendBigEndian(Int32(0))
        bytes.appendBigEndian(Element.postgresType.oid)
        guard !isEmpty else { return }
        bytes.appendBigEndian(Int32(count))
        bytes.appendBigEndian(Int32(1))
        for element in self { element.encodeWithLength(into: &bytes) }
    }
}

extension PostgresEncodable {
    /// A length in four bytes, then the value: the form of array elements and COPY's fields.
    func encodeWithLength(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendBigEndian(Int32(0))
        encode(into: &bytes)
        let length = UInt32(bytes.count - start - 4)
        for shift in 0..<4 { bytes[start + shift] = UInt8(truncatingIfNeeded: length >> UInt32(24 - shift * 8)) }
    }
}

/// An array whose elements may be NULL.
public struct NullableArray<Element: PostgresEncodable>: PostgresEncodable {
    public var elements: [Element?]
    public init(_ elements: [Element?]) { self.elements = elements }

    public static var postgresType: PostgresType { Element.postgresArrayType }
    public static var postgresArrayType: PostgresType { Element.postgresArrayType }

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        bytes.appendBigEndian(Int32(1))
        bytes.appendBigEndian(Element.postgresType.oid)
        guard !elements.isEmpty else { return }
        bytes.appendBigEndian(Int32(elements.count))
        bytes.appendBigEndian(Int32(1))
        for element in elements {
            if let element { element.encodeWithLength(into: &bytes) } else { bytes.appendBigEndian(Int32(-1)) }
        }
    }
}

extension NullableArray: Sendable where Element: Sendable {}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public static func accepts(_ type: PostgresType) -> Bool {
        type.arrayElement.map(Element.accepts) ?? false
    }

    /// One dimension without NULLs; anything else does not decode.
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> [Element]? {
        guard let dimensions = bytes.bigEndian(Int32.self), let oid = bytes.bigEndian(UInt32.self, at: 8),
            Element.accepts(PostgresType(oid: oid))
        else {
            return nil
        }
        if dimensions == 0 { return [] }
        guard dimensions == 1, let count = bytes.bigEndian(Int32.self, at: 12), count >= 0 else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(Int(count))
        var offset = 20
        for _ in 0..<count {
            guard let length = bytes.bigEndian(Int32.self, at: offset), length >= 0,
                offset + 4 + Int(length) <= bytes.count,
                let element = Element.decode(
                    UnsafeRawBufferPointer(rebasing: bytes[offset + 4..<offset + 4 + Int(length)]),
                    as: PostgresType(oid: oid))
            else { return nil }
            elements.append(element)
            offset += 4 + Int(length)
        }
        return elements
    }
}
