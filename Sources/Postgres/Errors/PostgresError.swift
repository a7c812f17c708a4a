/// What went wrong between the program and PostgreSQL.
///
/// Its description names the condition, the statement and the constraint, never a bound value or the SQL text, so it may be
/// logged anywhere. The server's own wording, which may quote values, is only in ``report``.
public struct PostgresError: Error, Sendable {
    public enum Reason: Sendable, Equatable {
        /// The server answered with an error; ``PostgresError/report`` holds it.
        case server
        /// The connection could not be made, or broke before COMMIT was sent: nothing was committed. When the server itself
        /// refused, ``PostgresError/report`` holds the SQLSTATE.
        case connection(String)
        /// COMMIT was sent and not answered: whether it committed is not known.
        case commitUnknown
        /// COMMIT answered ROLLBACK: the transaction had failed before.
        case rolledBack
        /// All connections were in use and the waiting queue was full, or the wait took too long.
        case poolExhausted
        case poolClosed
        /// The client's deadline passed. Nothing was committed.
        case deadline
        /// The task was cancelled. Nothing was committed.
        case cancelled
        /// A column could not be read as the type that the program expects.
        case decoding(column: String, expected: String, found: String)
        /// The statement gave another number of rows than it promised.
        case rowCount(expected: String, found: Int)
        /// More than 65,535 values, or 1 GB of them, were bound to one statement. Nothing was sent.
        case tooLarge
        /// libpq or the server did something that the protocol does not allow.
        case protocolViolation(String)
    }

    public let reason: Reason
    public let report: ServerReport?
    /// The name of the statement that failed.
    public let statement: String?
    /// Where that statement stands in the program, as `Module/File.swift:12`.
    public let source: String?

    public init(_ reason: Reason, report: ServerReport? = nil, statement: String? = nil, source: String? = nil) {
        self.reason = reason
        self.report = report
        self.statement = statement
        self.source = source
    }

    /// The server's SQLSTATE, when the server answered.
    public var state: SQLState? { report?.state }

    /// Whether the database could not be reached or would not serve now, so that trying again later may work.
    public var isUnavailable: Bool {
        switch reason {
        case .poolExhausted, .poolClosed, .deadline: true
        // A role or a database that the server does not know, or a wrong password, does not mend itself.
        case .connection: report?.state.conditionClass != "28" && report?.state != .invalidCatalogName
        case .server:
            switch report?.state.conditionClass {
            case "08", "53", "57": report?.state != .queryCanceled
            default: false
            }
        default: false
        }
    }

    /// Whether other transactions were in the way, so that the same work may succeed a little later.
    public var isContention: Bool {
        switch state {
        case .lockNotAvailable, .deadlockDetected, .serializationFailure, .queryCanceled: true
        default: false
        }
    }

    /// Whether the same transaction, run once more from its beginning, may well succeed: another one was in its way, and
    /// this one was rolled back.
    public var isRepeatable: Bool { state == .serializationFailure || state == .deadlockDetected }

    /// Whether the violated constraint has this name. On Citus a shard's number follows the name.
    public func violates(_ constraint: String) -> Bool {
        guard let name = report?.constraint else { return false }
        guard name.hasPrefix(constraint) else { return false }
        let rest = name.dropFirst(constraint.count)
        return rest.isEmpty || (rest.first == "_" && rest.dropFirst().allSatisfy(\.isNumber))
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text =
            switch reason {
            case .server: "server error \(report?.state.rawValue ?? "?")"
            case .connection(let why): "connection failed: \(why)"
            case .commitUnknown: "COMMIT was not answered; whether it committed is unknown"
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
