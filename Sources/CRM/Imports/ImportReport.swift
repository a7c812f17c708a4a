/// What an import did. Every row of the file is one of created, updated and unchanged.
public struct ImportReport: Encodable, Sendable, Equatable {
    public typealias ID = Identifier<ImportReport>

    public enum Kind: String, Encodable, Sendable { case customers, orders }

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
}
