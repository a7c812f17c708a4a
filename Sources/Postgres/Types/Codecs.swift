/// A value that can be bound to a placeholder, in PostgreSQL's binary format.
///
/// A `RawRepresentable` of such a value needs no more than to say so: it travels as its raw value.
public protocol PostgresEncodable {
    /// The type that a placeholder gets; ``PostgresType/unspecified`` leaves it to the server to infer.
    static var postgresType: PostgresType { get }
    /// The type of an array of such values. Only arrays that ``PostgresType`` has a constant for can be bound.
    static var postgresArrayType: PostgresType { get }
    /// Appends the value's binary form, as the type's `…_recv` function in PostgreSQL reads it; integers are
    /// big-endian. What `bytes` holds already is not the value's.
    func encode(into bytes: inout [UInt8])
}

/// A value that can be read from a column's binary form.
///
/// A `RawRepresentable` of such a value needs no more than to say so: it reads its raw value, and one that stands for
/// no case does not decode.
public protocol PostgresDecodable {
    /// Whether a column of this type can be read as `Self`; where not, ``decode(_:as:)`` is not asked.
    static func accepts(_ type: PostgresType) -> Bool
    /// Reads the value; `nil` when the bytes are not a value of `Self` (malformed, or out of its range), which becomes
    /// a ``PostgresError/Reason/decoding(column:expected:found:)``. The bytes are gone when this returns; NULL never
    /// comes here.
    static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Self?
}

/// A value that can be bound and read.
public typealias PostgresCodable = PostgresEncodable & PostgresDecodable

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
    public func encode(into bytes: inout [UInt8]) { rawValue.encode(into: &bytes) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public static func accepts(_ type: PostgresType) -> Bool { RawValue.accepts(type) }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Self? {
        RawValue.decode(bytes, as: type).flatMap(Self.init(rawValue:))
    }
}

extension Array where Element == UInt8 {
    mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension PostgresEncodable {
    /// A length in four bytes, then the value: the form of array elements, range bounds and COPY's fields.
    func encodeWithLength(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendBigEndian(Int32(0))
        encode(into: &bytes)
        let length = UInt32(bytes.count - start - 4)
        for shift in 0..<4 { bytes[start + shift] = UInt8(truncatingIfNeeded: length >> UInt32(24 - shift * 8)) }
    }
}

/// A value with its length before it, as in an array; NULL is the length −1.
enum LengthAndValue {
    case null
    case value(UnsafeRawBufferPointer)
}

extension UnsafeRawBufferPointer {
    /// The big-endian integer that stands at `offset`; `nil` when it does not fit.
    func bigEndian<Value: FixedWidthInteger>(_ type: Value.Type = Value.self, at offset: Int = 0) -> Value? {
        guard offset >= 0, offset + MemoryLayout<Value>.size <= count else { return nil }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// The big-endian integer that these bytes are; `nil` when they are more or fewer.
    func wholeBigEndian<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value? {
        count == MemoryLayout<Value>.size ? bigEndian(type) : nil
    }

    /// The value that a length in four bytes introduces at `offset`, which moves behind it; `nil` when the bytes end
    /// before.
    func lengthAndValue(at offset: inout Int) -> LengthAndValue? {
        guard let length: Int32 = bigEndian(at: offset), length >= -1 else { return nil }
        let start = offset + 4
        guard length >= 0 else {
            offset = start
            return .null
        }
        guard Int(length) <= count - start else { return nil }
        offset = start + Int(length)
        return .value(UnsafeRawBufferPointer(rebasing: self[start..<offset]))
    }
}
