/// `bytea`.
public struct Bytes: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    public var value: [UInt8]
    public init(_ value: [UInt8]) { self.value = value }

    public static var postgresType: PostgresType { .bytea }
    public static var postgresArrayType: PostgresType { .byteaArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: value) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .bytea }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Bytes? { Bytes(Array(bytes)) }
}
