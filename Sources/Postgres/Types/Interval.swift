/// PostgreSQL's `interval`: months, days and microseconds side by side, for a month has no fixed number of days and a
/// day none of hours.
///
/// Two are equal when all three parts are; PostgreSQL's `=` takes 30 days for a month and 24 hours for a day.
/// `infinity` (PostgreSQL 17) does not decode.
public struct Interval: Sendable, Hashable {
    public var months: Int32
    public var days: Int32
    public var microseconds: Int64

    public init(months: Int32 = 0, days: Int32 = 0, microseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    private static let attosecondsPerMicrosecond: Int128 = 1_000_000_000_000

    /// An interval of microseconds alone; `nil` when the duration is no whole number of them or more than 64 bits hold.
    public init?(exactly duration: Duration) {
        let (whole, rest) = duration.attoseconds.quotientAndRemainder(dividingBy: Self.attosecondsPerMicrosecond)
        guard rest == 0, let microseconds = Int64(exactly: whole) else { return nil }
        self.init(microseconds: microseconds)
    }
}

extension Duration {
    /// The interval's length; `nil` when it has months or days, whose length depends on the calendar.
    public init?(exactly interval: Interval) {
        guard interval.months == 0, interval.days == 0 else { return nil }
        self = .microseconds(interval.microseconds)
    }
}

extension Interval: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .interval }
    public static var postgresArrayType: PostgresType { .intervalArray }

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(microseconds)
        bytes.appendBigEndian(days)
        bytes.appendBigEndian(months)
    }

    public static func accepts(_ type: PostgresType) -> Bool { type == .interval }

    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Interval? {
        guard bytes.count == 16, let microseconds: Int64 = bytes.bigEndian(), let days: Int32 = bytes.bigEndian(at: 8),
            let months: Int32 = bytes.bigEndian(at: 12)
        else { return nil }
        let interval = Interval(months: months, days: days, microseconds: microseconds)
        return interval == .infinity || interval == .negativeInfinity ? nil : interval
    }

    private static let infinity = Interval(months: .max, days: .max, microseconds: .max)
    private static let negativeInfinity = Interval(months: .min, days: .min, microseconds: .min)
}

extension Interval: CustomStringConvertible {
    /// ISO 8601 as PostgreSQL writes it with `IntervalStyle = iso_8601`: `P1Y2M-3DT4H5M6.7S`, `PT0S` for nothing.
    public var description: String {
        let (minutes, rest) = microseconds.quotientAndRemainder(dividingBy: 60_000_000)
        let date = [(months / 12, "Y"), (months % 12, "M"), (days, "D")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }
        var time = [(minutes / 60, "H"), (minutes % 60, "M")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }
        if rest != 0 || (date + time).isEmpty { time.append(Self.seconds(rest) + "S") }
        return "P" + date.joined() + (time.isEmpty ? "" : "T" + time.joined())
    }

    /// Seconds with as many decimal places as they need.
    private static func seconds(_ microseconds: Int64) -> String {
        let (whole, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let sign = microseconds < 0 ? "-" : ""
        guard fraction > 0 else { return "\(sign)\(whole)" }
        var places = String(String(fraction + 1_000_000).dropFirst())
        while places.last == "0" { places.removeLast() }
        return "\(sign)\(whole).\(places)"
    }
}
