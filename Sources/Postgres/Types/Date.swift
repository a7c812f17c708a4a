public import FoundationEssentials

/// `timestamptz`: microseconds since 2000-01-01 00:00 UTC on the wire, rounded to them here, and exact both ways from
/// 1731 to 2269; further away `Date` itself is coarser.
///
/// `infinity` and `-infinity` do not decode: any `Date` for them, bound again, would be a finite time. The server
/// refuses a `Date` beyond its range, and one that is not a number (`datetime_field_overflow`).
extension Date: PostgresEncodable, PostgresDecodable {
    /// Seconds from PostgreSQL's epoch (2000-01-01) to Foundation's (2001-01-01).
    private static let epochDifference: Int64 = 31_622_400

    public static var postgresType: PostgresType { .timestamptz }
    public static var postgresArrayType: PostgresType { .timestamptzArray }

    public func encode(into bytes: inout [UInt8]) {
        // Whole seconds and the rest apart: in one product the rounding of the sum would cost microseconds.
        let seconds = timeIntervalSinceReferenceDate.rounded(.down)
        let microseconds = ((timeIntervalSinceReferenceDate - seconds) * 1_000_000).rounded()
        // What 64 bits cannot hold becomes a number that the server refuses and that is not its infinity.
        let isInRange = seconds.magnitude < 9_223_300_000_000
        bytes.appendBigEndian(
            isInRange ? (Int64(seconds) + Self.epochDifference) * 1_000_000 + Int64(microseconds) : Int64.max - 1)
    }

    public static func accepts(_ type: PostgresType) -> Bool { type == .timestamptz }

    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Date? {
        guard let sinceEpoch: Int64 = bytes.wholeBigEndian(), sinceEpoch != .max, sinceEpoch != .min else { return nil }
        let (seconds, microseconds) = sinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
        return Date(
            timeIntervalSinceReferenceDate: Double(seconds - epochDifference) + Double(microseconds) / 1_000_000)
    }
}
