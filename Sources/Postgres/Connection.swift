/// A connection outside the pool, for work that needs one to itself: migrations, session locks.
public struct Connection: ~Copyable {
    private let session: Session

    /// Opens a connection, lends it and closes it.
    public static func with<Result>(
        _ configuration: Configuration, _ body: (inout Connection) async throws -> Result
    ) async throws -> Result {
        let session = try await Session.open(configuration)
        var connection = Connection(session: session)
        return try await body(&connection)
    }

    private init(session: Session) { self.session = session }

    /// Runs one statement by itself.
    public mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        try statement.read(unwrap(try await session.run([statement.command]).first ?? nil))
    }

    /// Runs a script of several statements that takes no values.
    public mutating func execute(script: String, name: String) async throws {
        try await session.execute(script: script, name: name)
    }

    /// Lends a transaction on this connection; commits when the closure returns, rolls back when it throws.
    public mutating func withTransaction<Result>(
        _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        try await Transaction.with(session, prelude: [], body)
    }
}
