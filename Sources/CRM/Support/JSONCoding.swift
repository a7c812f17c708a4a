public import Foundation

/// The one JSON form of the product's objects, in the API, the CLI and the event log: snake_case keys, RFC 3339 UTC times.
public enum JSONCoding {
    public static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Sorted, so that equal objects are equal texts.
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(rfc3339(date))
        }
        return encoder
    }

    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }

    /// Such as `2026-11-22T08:30:00.123456Z`: RFC 3339 in UTC with the microseconds that PostgreSQL keeps.
    public static func rfc3339(_ date: Date) -> String {
        let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
        let (days, inDay) = microseconds.floored(by: 86_400_000_000)
        let day = LocalDay.text(daysSince1970: Int(days))
        let seconds = inDay / 1_000_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
        let fraction = String(String(inDay % 1_000_000 + 1_000_000).dropFirst())
        return "\(day)T\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(fraction)Z"
    }
}

extension Int64 {
    fileprivate func floored(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
