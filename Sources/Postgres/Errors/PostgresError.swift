/// What went wrong between the program and PostgreSQL.
///
/// Its description names the condition, the statement and the constraint, never a bound value or the SQL text, so it
/// may be logged anywhere. The server's own wording, which may quote values, is only in ``report``.
public struct PostgresError: Error, Sendable {
    /// What kind of failure it was, and with that what became of the transaction.
    public enum Reason: Sendable, Equatable {
        /// The server answered with an error; ``PostgresError/report`` holds it.
        case server
        /// The connection could not be made, or broke before COMMIT was sent: nothing was committed. When the server
        /// itself refused, ``PostgresError/report`` holds the SQLSTATE.
        case connection(String)
        /// COMMIT, or what commits by itself (``Connection/run(_:)``,
        /// ``Connection/execute(script:name:fileID:line:)``), was sent and not answered: whether it committed is not
        /// known.
        case commitUnknown
        /// COMMIT answered ROLLBACK: the transaction had failed before.
        case rolledBack
        /// All connections were in use and the waiting queue was full, or the wait took too long.
        case poolExhausted
        /// The pool was closed before there was a connection for this.
        case poolClosed
        /// The client's deadline passed, that of the transaction or that for connecting. Nothing was committed.
        case deadline
        /// The task was cancelled. Nothing was committed.
        case cancelled
        /// A column could not be read as the type that the program expects. In a pool's ``Pool/pipeline(prelude:_:)``
        /// and in ``Connection/run(_:)`` the statements have been committed nevertheless.
        case decoding(column: String, expected: String, found: String)
        /// The statement gave another number of rows than it promised. In a pool's ``Pool/pipeline(prelude:_:)`` and in
        /// ``Connection/run(_:)`` the statements have been committed nevertheless.
        case rowCount(expected: String, found: Int)
        /// More than 65,535 values, or 1 GB of them, were bound to one statement. Nothing was sent.
        case tooLarge
        /// libpq or the server did something that the protocol does not allow, or the program used a COPY or a stream
        /// in a way that cannot work; the text says which.
        case protocolViolation(String)
    }

    /// Everything behind one reference: an error is rare, but there is room for one in the frame of each function that may
    /// throw it.
    private final class Storage: Sendable {
        let reason: Reason
        let report: ServerReport?
        let statement: String?
        let source: String?

        init(_ reason: Reason, _ report: ServerReport?, _ statement: String?, _ source: String?) {
            self.reason = reason
            self.report = report
            self.statement = statement
            self.source = source
        }
    }

    private let storage: Storage

    public var reason: Reason { storage.reason }
    /// What the server said, where it answered. Its wording may quote values.
    public var report: ServerReport? { storage.report }
    /// The name of the statement that failed, where one is to blame; `begin`, `commit` and the like are the library's
    /// own.
    public var statement: String? { storage.statement }
    /// Where that statement stands in the program, as `Module/File.swift:12`; for a COPY or a script, where it is run.
    public var source: String? { storage.source }

    /// For doubles in tests, and for code that passes failures on.
    public init(_ reason: Reason, report: ServerReport? = nil, statement: String? = nil, source: String? = nil) {
        storage = Storage(reason, report, statement, source)
    }

    /// The server's SQLSTATE, when the server answered.
    public var state: SQLState? { report?.state }

    /// Whether the database could not be reached or would not serve now, so that trying again later may work: no
    /// connection, pool exhausted or closed, deadline, and SQLSTATE classes 08, 53 and 57 but for `query_canceled`.
    ///
    /// A connection that failed without the server's word counts, whatever the cause (an unreadable URL, a
    /// certificate).
    public var isUnavailable: Bool {
        switch reason {
        case .poolExhausted, .poolClosed, .deadline: true
        // A role or a database that the server does not know, or a wrong password, does not mend itself.
        case .connection:
            switch report?.state {
            case .invalidCatalogName, .protocolViolation: false
            case let state: state?.conditionClass != "28"
            }
        case .server:
            switch report?.state.conditionClass {
            case "08", "53", "57": report?.state != .queryCanceled
            default: false
            }
        default: false
        }
    }

    /// Whether other transactions were in the way, so that the same work may succeed a little later: 40001, 40P01,
    /// 55P03, and 57014, for which the server's `statement_timeout` may be the cause.
    ///
    /// Not so for the client's own deadline or cancellation.
    public var isContention: Bool {
        guard reason == .server else { return false }
        return switch state {
        case .lockNotAvailable, .deadlockDetected, .serializationFailure, .queryCanceled: true
        default: false
        }
    }

    /// Whether the same transaction, run once more from its beginning, may well succeed: another one was in its way,
    /// and this one was rolled back. A pool has then done so ``Configuration/maximumRetries`` times already.
    public var isRepeatable: Bool {
        reason == .server && (state == .serializationFailure || state == .deadlockDetected)
    }

    /// Whether the violated constraint has this name. On Citus a shard's number follows the name.
    public func violates(_ constraint: String) -> Bool {
        guard let name = report?.constraint else { return false }
        guard name.hasPrefix(constraint) else { return false }
        let rest = name.dropFirst(constraint.count)
        return rest.isEmpty || (rest.first == "_" && rest.dropFirst().allSatisfy(\.isNumber))
    }
}

extension PostgresError.Reason {
    /// The case alone, for what counts errors by their kind.
    var name: String {
        switch self {
        case .server: "server"
        case .connection: "connection"
        case .commitUnknown: "commit_unknown"
        case .rolledBack: "rolled_back"
        case .poolExhausted: "pool_exhausted"
        case .poolClosed: "pool_closed"
        case .deadline: "deadline"
        case .cancelled: "cancelled"
        case .decoding: "decoding"
        case .rowCount: "row_count"
        case .tooLarge: "too_large"
        case .protocolViolation: "protocol_violation"
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomReflectable {
    /// Without the server's wording.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    public var description: String {
        var text =
            switch reason {
            case .server: "server error \(report?.state.rawValue ?? "?")"
            case .connection(let why): "connection failed: \(why)"
            case .commitUnknown: "the commit was not answered; whether it happened is unknown"
            case .rolledBack: "the transaction was rolled back instead of committed"
            case .poolExhausted: "no connection was free in time"
            case .poolClosed: "the pool is closed"
            case .deadline: "the deadline passed"
            case .cancelled: "cancelled"
            case .decoding(let column, let expected, let found):
                "column \"\(column)\" cannot be read as \(expected): found \(found)"
            case .rowCount(let expected, let found): "expected \(expected), found \(found) rows"
            case .tooLarge: "more values than one statement can carry"
            case .protocolViolation(let what): "protocol violation: \(what)"
            }
        if let statement { text += " in \(statement)" }
        if let source { text += " (\(source))" }
        if let constraint = report?.constraint { text += " (constraint \(constraint))" }
        return text
    }
}
