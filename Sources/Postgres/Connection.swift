/// A connection outside the pool, for work that needs one to itself: migrations, session locks.
public struct Connection: ~Copyable {
    private let session: Session

    /// Opens a connection, lends it and closes it. No time limit holds on it but that for connecting.
    public static func with<Result>(
        _ configuration: Configuration, _ body: (inout Connection) async throws -> Result
    ) async throws -> Result {
        let session = try await Session.open(configuration, timeouts: false)
        var connection = Connection(session: session)
        return try await body(&connection)
    }

    private init(session: Session) { self.session = session }

    /// Runs one statement by itself.
    public mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        let session = session
        let rows = try await session.refreshingStatements { try await session.run([statement.command]) }
        return try statement.read(rows[0])
    }

    /// Runs a script of several statements that takes no values.
    public mutating func execute(script: String, name: String) async throws {
        try await session.execute(script: script, name: name)
    }

    /// Lends a transaction on this connection; commits when the closure returns, rolls back when it throws.
    public mutating func withTransaction<Result>(
        _ options: TransactionOptions = .default, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        try await Transaction.with(session, prelude: [options.begin], body)
    }
}
