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

extension Date {
    /// A time of RFC 3339 within the years that PostgreSQL takes, with or without a fraction; `nil` for anything else.
    package init?(rfc3339 text: String) {
        guard text.utf8.count <= 40 else { return nil }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.utf8.contains(UInt8(ascii: ".")))
        do {
            let time = try style.parse(text)
            guard (-62_135_596_800..<253_402_300_800).contains(time.timeIntervalSince1970) else { return nil }
            self = time
        } catch {
            return nil
        }
    }
}
