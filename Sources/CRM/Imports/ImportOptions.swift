import Foundation
import Postgres

/// How a file is read, and what is done with what it says.
public struct ImportOptions: Sendable, Equatable, Codable {
    public enum Format: String, JSONChoice, Codable { case csv, ndjson }

    public enum Encoding: String, JSONChoice, Codable {
        case utf8 = "utf-8"
        case windows1256 = "windows-1256"
    }

    public enum Delimiter: String, JSONChoice, Codable {
        case comma, semicolon, tab

        var byte: UInt8 {
            switch self {
            case .comma: Byte.comma
            case .semicolon: Byte.semicolon
            case .tab: Byte.tab
            }
        }
    }

    /// What becomes of a file in which some rows are wrong.
    public enum Mode: String, JSONChoice, Codable {
        /// The other rows are imported.
        case partial
        /// Nothing is.
        case allOrNothing = "all_or_nothing"
    }

    public var format = Format.csv
    public var encoding = Encoding.utf8
    public var delimiter = Delimiter.comma
    /// Whether the file is compressed with gzip.
    public var isGzip = false
    /// What the rows are found again by: a column, such as `reference` or `email`, or `references.` with a system's name.
    public var key = "reference"
    public var mode = Mode.partial
    /// Whether the file is only tried: everything is checked and counted, and nothing stays.
    public var isDryRun = false
    /// What the file's columns are called here, where that is something else; `nil` for one that is passed over.
    public var columns: [String: String?] = [:]

    public init() {}

    /// What is not said is as usual: options are kept, and there may be more of them by now.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        format = try values.decodeIfPresent(Format.self, forKey: .format) ?? format
        encoding = try values.decodeIfPresent(Encoding.self, forKey: .encoding) ?? encoding
        delimiter = try values.decodeIfPresent(Delimiter.self, forKey: .delimiter) ?? delimiter
        isGzip = try values.decodeIfPresent(Bool.self, forKey: .isGzip) ?? isGzip
        key = try values.decodeIfPresent(String.self, forKey: .key) ?? key
        mode = try values.decodeIfPresent(Mode.self, forKey: .mode) ?? mode
        isDryRun = try values.decodeIfPresent(Bool.self, forKey: .isDryRun) ?? isDryRun
        columns = try values.decodeIfPresent([String: String?].self, forKey: .columns) ?? columns
    }
}

extension ImportOptions {
    /// JSON that ``columns(_:)`` reads.
    public static let columnsRule = TextRule(
        .string.length(2...20_000), "invalid",
        "A JSON object of strings and null, with \(maximumColumns) members at most."
    ) { columns($0) != nil }

    public static func columns(_ json: String) -> [String: String?]? {
        guard json.utf8.count <= 20_000 else { return nil }
        do {
            let columns = try JSONDecoder().decode([String: String?].self, from: Data(json.utf8))
            return columns.count <= maximumColumns ? columns : nil
        } catch {
            return nil
        }
    }

    public static let keyRule = TextRule(
        .string.length(1...60), "unknown", "reference, email, phone, id, or references. with a system's name."
    ) { text in
        if ["reference", "email", "phone", "id"].contains(text) { return true }
        guard text.hasPrefix("references.") else { return false }
        return CustomerRules.system.fault(of: String(text.dropFirst("references.".count))) == nil
    }

    /// Columns of a file.
    public static let maximumColumns = 256
}
