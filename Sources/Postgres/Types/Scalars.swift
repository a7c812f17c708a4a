public import FoundationEssentials

extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }
    public static var postgresArrayType: PostgresType { .boolArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .bool }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Bool? {
        bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

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

extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }
    public static var postgresArrayType: PostgresType { .int4Array }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }
    public static var postgresArrayType: PostgresType { .int2Array }
}

extension Double: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float8 }
    public static var postgresArrayType: PostgresType { .float8Array }
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .float8 || type == .float4 }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Double? {
        type == .float4
            ? bytes.bigEndian(UInt32.self).map { Double(Float(bitPattern: $0)) }
            : bytes.bigEndian(UInt64.self).map(Double.init(bitPattern:))
    }
}

extension Float: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float4 }
    public static var postgresArrayType: PostgresType { .float4Array }
    public func encode(into bytes: inout [UInt8]) { bytes.appendBigEndian(bitPattern) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .float4 }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Float? {
        bytes.bigEndian(UInt32.self).map(Float.init(bitPattern:))
    }
}

extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public static var postgresArrayType: PostgresType { .textArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    public static func accepts(_ type: PostgresType) -> Bool {
        type == .text || type == .varchar || type == .name || type == .bpchar || type == .unknown
    }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> String? {
        String(validating: bytes, as: UTF8.self)
    }
}

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

/// `timestamptz`: microseconds since 2000-01-01 00:00 UTC on the wire; rounded to them here.
extension Date: PostgresEncodable, PostgresDecodable {
    /// Seconds from PostgreSQL's epoch (2000-01-01) to Foundation's (2001-01-01).
    private static let epochDifference = 31_622_400.0
    public static var postgresType: PostgresType { .timestamptz }
    public static var postgresArrayType: PostgresType { .timestamptzArray }
    public func encode(into bytes: inout [UInt8]) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochDifference) * 1_000_000).rounded()
        bytes.appendBigEndian(Int64(microseconds.clamped(to: -9e18...9e18)))
    }
    public static func accepts(_ type: PostgresType) -> Bool { type == .timestamptz }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Date? {
        bytes.bigEndian(Int64.self).map {
            Date(timeIntervalSinceReferenceDate: Double($0) / 1_000_000 - epochDifference)
        }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? range.lowerBound : min(max(self, range.lowerBound), range.upperBound)
    }
}
