/// Every field of an error or notice of the server. (PostgreSQL 15, "Error and Notice Message Fields".)
public struct ServerReport: Sendable, Equatable {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING`, `NOTICE`, `DEBUG`, `INFO` or `LOG`, in English.
    public let severity: String
    public let state: SQLState
    /// May quote values, as may ``detail``, ``hint``, ``context`` and ``internalQuery``; not for logs or users.
    public let message: String
    public internal(set) var detail: String?
    public internal(set) var hint: String?
    /// Position in the statement's text, in characters from 1.
    public internal(set) var position: Int?
    /// Position in ``internalQuery``.
    public internal(set) var internalPosition: Int?
    /// The text of a command that the server made itself, such as one of a PL/pgSQL function.
    public internal(set) var internalQuery: String?
    /// Where it happened: the call stack of functions.
    public internal(set) var context: String?
    /// What the report is about, as far as the server says so: the schema, and within it what follows.
    public internal(set) var schema: String?
    public internal(set) var table: String?
    public internal(set) var column: String?
    public internal(set) var dataType: String?
    public internal(set) var constraint: String?
    /// Where in the server's source the report was made.
    public internal(set) var sourceFile: String?
    public internal(set) var sourceLine: Int?
    public internal(set) var sourceFunction: String?
}

extension ServerReport: CustomStringConvertible {
    /// Severity, SQLSTATE and constraint, never the server's wording.
    public var description: String {
        "\(severity) \(state)" + (constraint.map { " (constraint \($0))" } ?? "")
    }
}

extension ServerReport {
    /// Whether PostgreSQL itself made it: then nothing behind what it answers was run. A pooler, which says nothing of a
    /// place in the source, may have lost a server that had run everything.
    var isOfServer: Bool { sourceFile != nil || isNotPassedOn }

    /// Whether it is PgBouncer's word that no server came free: the question was never passed on.
    var isNotPassedOn: Bool { sourceFile == nil && message == "query_wait_timeout" }

    /// Whether a statement stands prepared no more, or gives other columns than when it was prepared: preparing it
    /// again mends it.
    var isStalePlan: Bool {
        switch state {
        case .invalidSQLStatementName: true
        // "cached plan must not change result type"; the wording depends on lc_messages, the function does not.
        case .featureNotSupported: sourceFunction == "RevalidateCachedQuery"
        default: false
        }
    }
}
