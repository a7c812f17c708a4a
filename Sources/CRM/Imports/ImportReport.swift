/// What an import did. Every row of the file is one of created, updated and unchanged.
public struct ImportReport: JSONObject, Equatable {
    public typealias ID = Identifier<ImportReport>

    public enum Kind: String, JSONChoice { case customers, orders }

    public let id: ID
    public let kind: Kind
    /// Rows of the file without its header.
    public let rows: Int
    public let created: Int
    public let updated: Int
    public let unchanged: Int

    init(id: ID, kind: Kind, rows: Int, created: Int, updated: Int) {
        self.id = id
        self.kind = kind
        self.rows = rows
        self.created = created
        self.updated = updated
        unchanged = rows - created - updated
    }

    public static let schemaName = "ImportReport"
    public static let schemaDescription = "What an import did. Every row is one of created, updated and unchanged."
    public static var example: ImportReport {
        ImportReport(id: Example.id(), kind: .customers, rows: 7, created: 6, updated: 1)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The import's id.")
        json.member("kind", kind, "What was imported.")
        json.member("rows", rows, "Rows of the file without its header.")
        json.member("created", created, "Rows that made something new.")
        json.member("updated", updated, "Rows that changed something.")
        json.member("unchanged", unchanged, "Rows that said what was there.")
    }
}
