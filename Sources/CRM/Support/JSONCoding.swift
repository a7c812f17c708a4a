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
        String(decoding: JSONWriter.bytes(of: date).dropFirst().dropLast(), as: UTF8.self)
    }
}
