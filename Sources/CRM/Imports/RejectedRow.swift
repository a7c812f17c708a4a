public import Foundation
import Postgres

/// A row of a file that was not imported, and why.
public struct RejectedRow: Sendable, Equatable {
    /// The line on which it begins; a CSV file's header is 1.
    public let row: Int
    public let errors: [FieldError]
    /// The row as it stands in the file; empty for one of more than 64 KiB.
    public let content: String
}

extension RejectedRow: JSONObject {
    public static let schemaName = "RejectedRow"
    public static let schemaDescription = "A row of a file that was not imported, and why."
    public static var example: RejectedRow {
        RejectedRow(
            row: 12,
            errors: [FieldError(row: 12, column: "email", "invalid", "An e-mail address such as name@host.example.")],
            content: "B-12,Omid Karimi,nobody")
    }

    public func members(_ json: inout JSONWriter) {
        json.member("row", row, "The line on which it begins; a CSV file's header is 1.")
        json.member("errors", errors, "What is wrong with it.")
        json.member(
            "content", content, "The row as it stands in the file; empty for one of more than 64 KiB.", isPersonal: true
        )
    }
}

extension RejectedRow: Listed {
    public static var orders: [ListOrder<RejectedRow>] { [.number("row", "r.row_number") { $0.row }] }
    /// Rows stand alone at their place.
    public var listID: UUID { UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) }
}
