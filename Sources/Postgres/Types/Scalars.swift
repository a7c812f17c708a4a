public import FoundationEssentials
import Glibc

/// `bool`.
extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }
    public static var postgresArrayType: PostgresType { .boolArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .bool }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Bool? {
        switch bytes.wholeBigEndian(UInt8.self) {
        case 0: false
        case 1: true
        default: nil
        }
    }
}

/// Reads `int2`, `int4` and `int8`; a number that is out of range does not decode.
extension FixedWidthInteger where Self: PostgresDecodable {
    public static func accepts(_ type: PostgresType) -> Bool { type == .int8 || type == .int4 || type == .int2 }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Self? {
        switch bytes.count {
        case 8: bytes.bigEndian(Int64.self).flatMap(Self.init(exactly:))
        case 4: bytes.bigEndian(Int32.self).flatMap(Self.init(exactly:))
        case 2: bytes.bigEndian(Int16.self).flatMap(Self.init(exactly:))
        default: nil
        }
    }
}

extension FixedWidthInteger where Self: PostgresEncodable {
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(self) }
}

/// `int8`; reads the smaller integers too.
extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
}

/// `int8`; reads the smaller integers too.
extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
}

/// `int4`; reads the other integers too, within its range.
extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }
    public static var postgresArrayType: PostgresType { .int4Array }
}

/// `int2`; reads the other integers too, within its range.
extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }
    public static var postgresArrayType: PostgresType { .int2Array }
}

/// `float8`; reads `float4` too.
extension Double: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float8 }
    public static var postgresArrayType: PostgresType { .float8Array }
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .float8 || type == .float4 }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Double? {
        type == .float4
            ? bytes.wholeBigEndian(UInt32.self).map { Double(Float(bitPattern: $0)) }
            : bytes.wholeBigEndian(UInt64.self).map(Double.init(bitPattern:))
    }
}

/// `float4`.
extension Float: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float4 }
    public static var postgresArrayType: PostgresType { .float4Array }
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .float4 }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Float? {
        bytes.wholeBigEndian(UInt32.self).map(Float.init(bitPattern:))
    }
}

/// `text`; reads `varchar`, `char(n)` (with the spaces that fill it up) and `name` too. The server refuses a string
/// with a zero byte (`character_not_in_repertoire`).
extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public static var postgresArrayType: PostgresType { .textArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    public static func accepts(_ type: PostgresType) -> Bool {
        type == .text || type == .varchar || type == .name || type == .bpchar || type == .unknown
    }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> String? {
        // Malformed UTF-8 would be repaired, and then differ. This takes a third of the time of `String(validating:as:)`,
        // which looks types up at run time.
        var text = String(decoding: bytes, as: UTF8.self)
        let isWhole = text.withUTF8 { utf8 in
            guard utf8.count == bytes.count, let copy = utf8.baseAddress, let original = bytes.baseAddress else {
                return utf8.isEmpty && bytes.isEmpty
            }
            return memcmp(copy, original, bytes.count) == 0
        }
        return isWhole ? text : nil
    }
}

/// `uuid`.
extension UUID: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .uuid }
    public static var postgresArrayType: PostgresType { .uuidArray }
    public func encode(into bytes: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }
    public static func accepts(_ type: PostgresType) -> Bool { type == .uuid }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> UUID? {
        bytes.count == 16 ? UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)) : nil
    }
}
