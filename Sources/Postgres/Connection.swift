/// A connection outside the pool, for work that needs one to itself: migrations, session locks.
public struct Connection: ~Copyable {
    private let session: Session

    /// Opens a connection, lends it and closes it. No time limit of the configuration holds on it but that for
    /// connecting; cancelling the task has the server stop what it does (``PostgresError/Reason/cancelled``).
    public static func with<Result>(
        _ configuration: Configuration, _ body: (inout Connection) async throws -> Result
    ) async throws -> Result {
        let session = try await Session.open(configuration, timeouts: false)
        var connection = Connection(session: session)
        return try await body(&connection)
    }

    private init(session: Session) { self.session = session }

    /// Runs one statement as a transaction by itself, in one round trip. It has committed when its rows are read, so an
    /// error of decoding undoes nothing. A lost answer is ``PostgresError/Reason/commitUnknown``.
    public mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        let session = session
        let command = Command(statement.label, statement.sql, role: .alone)
        let rows = try await session.spans.traced([command].names) {
            try await session.refreshingStatements { try await session.commit([command]) }
        }
        return try statement.read(rows[0])
    }

    /// Runs a script of several statements that takes no values: as one transaction unless it says otherwise.
    ///
    /// The text is sent as it is, so it must not come from a user. `name` stands for it in errors. A COPY within is a
    /// ``PostgresError/Reason/protocolViolation(_:)``, after which the connection is of no more use. A lost answer is
    /// ``PostgresError/Reason/commitUnknown``.
    public mutating func execute(
        script: String, name: String, fileID: StaticString = #fileID, line: UInt = #line
    ) async throws {
        let session = session
        try await session.spans.traced([name]) {
            do {
                try await session.execute(script: script, name: name, fileID: fileID, line: line)
            } catch {
                throw session.commitFailure(error)
            }
        }
    }

    /// Lends a transaction on this connection; commits when the closure returns, rolls back when it throws.
    ///
    /// It is not repeated when others were in its way. It is run once more from its beginning when a prepared statement
    /// fitted the schema no longer. A lost answer to COMMIT is ``PostgresError/Reason/commitUnknown``.
    public mutating func withTransaction<Result>(
        _ options: TransactionOptions = .default, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        let session = session
        return try await session.spans.traced { try await Transaction.with(session, prelude: [options.begin], body) }
    }
}
