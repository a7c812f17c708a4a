/// A day of the (proleptic) Gregorian calendar without a time or zone: PostgreSQL's `date`.
///
/// `infinity` and `-infinity` are no days and do not decode. The server refuses a day beyond its range
/// (`datetime_field_overflow`).
public struct LocalDate: Sendable, Hashable, Comparable, PostgresEncodable, PostgresDecodable {
    /// Days since 2000-01-01, as on the wire.
    public let daysSince2000: Int32

    public init(daysSince2000: Int32) { self.daysSince2000 = daysSince2000 }

    /// `nil` unless the three name a real day of the years 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.length(month, year) else {
            return nil
        }
        // Days from civil, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        daysSince2000 = Int32(era * 146_097 + dayOfEra - 719_468 - 10_957)
    }

    /// Reads `YYYY-MM-DD`; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Year, month from 1 and day of the month from 1. Before the year 1 comes the year 0.
    public var components: (year: Int, month: Int, day: Int) {
        let days = Int(daysSince2000) + 10_957 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    public static func < (left: LocalDate, right: LocalDate) -> Bool { left.daysSince2000 < right.daysSince2000 }

    private static func length(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    public static var postgresType: PostgresType { .date }
    public static var postgresArrayType: PostgresType { .dateArray }
    public func encode(into bytes: inout [UInt8]) {
        // The outermost numbers would be the infinities.
        bytes.appendBigEndian(min(max(daysSince2000, .min + 1), .max - 1))
    }
    public static func accepts(_ type: PostgresType) -> Bool { type == .date }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> LocalDate? {
        guard let days: Int32 = bytes.wholeBigEndian(), days != .max, days != .min else { return nil }
        return LocalDate(daysSince2000: days)
    }
}

extension LocalDate: CustomStringConvertible {
    /// `YYYY-MM-DD`; a year before 0 or after 9999 has a sign, as in ISO 8601, and is not read again.
    public var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number.magnitude)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (year, month, day) = components
        let sign = year < 0 ? "-" : year > 9999 ? "+" : ""
        return "\(sign)\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}

extension LocalDate: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let date = LocalDate(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a day as YYYY-MM-DD")
        }
        self = date
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
