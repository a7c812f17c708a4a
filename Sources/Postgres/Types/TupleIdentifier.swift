/// `tid`: where a version of a row stands in its table, as the column `ctid` tells.
///
/// The fastest way to a row that was just read or locked. Every update moves the row, and another one may take the place
/// later, so a statement that uses it has to compare the row's key as well.
public struct TupleIdentifier: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    /// The page of the table, from 0.
    public let block: UInt32
    /// The number within the page, from 1.
    public let offset: UInt16

    public init(block: UInt32, offset: UInt16) {
        self.block = block
        self.offset = offset
    }

    public static var postgresType: PostgresType { .tid }
    public static var postgresArrayType: PostgresType { .tidArray }
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(block)
        bytes.appendBigEndian(offset)
    }
    public static func accepts(_ type: PostgresType) -> Bool { type == .tid }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> TupleIdentifier? {
        guard bytes.count == 6, let block: UInt32 = bytes.bigEndian(at: 0), let offset: UInt16 = bytes.bigEndian(at: 4)
        else { return nil }
        return TupleIdentifier(block: block, offset: offset)
    }
}
