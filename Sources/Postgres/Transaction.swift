/// An open transaction, lent to a closure. Each `run` or `pipeline` is one round trip; BEGIN travels with the first.
///
/// After an error of the server the transaction can only fail: whatever the closure does next, it is rolled back.
public struct Transaction: ~Copyable {
    let session: Session
    /// What goes out before the first statement: BEGIN and the caller's preparation.
    private var prelude: [Command]
    private(set) var hasBegun = false

    init(session: Session, prelude: [Command]) {
        self.session = session
        self.prelude = prelude
    }

    /// Runs one statement.
    public mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        try await pipeline(statement)
    }

    /// Runs several statements, which do not depend on each other's answers, in one round trip.
    public mutating func pipeline<each Output>(
        _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands = takePrelude()
        let first = commands.count
        repeat commands.append((each statement).command)
        let rows = try await session.run(commands)
        return try decode(repeat each statement, from: rows, startingAt: first)
    }

    /// Runs statements of one kind, any number of them, in one round trip.
    public mutating func pipeline<Output>(all statements: [Statement<Output>]) async throws -> [Output] {
        guard !statements.isEmpty else { return [] }
        var commands = takePrelude()
        let first = commands.count
        commands.append(contentsOf: statements.map(\.command))
        let rows = try await session.run(commands)
        return try zip(statements, rows[first...]).map { statement, rows in try statement.read(unwrap(rows)) }
    }

    /// Sends rows with COPY in PostgreSQL's binary format. `statement` ends in `FROM STDIN (FORMAT binary)`.
    public mutating func copyIn(
        _ name: StaticString, _ statement: StaticString, _ body: (inout CopyWriter) async throws -> Void
    ) async throws {
        let commands = takePrelude()
        if !commands.isEmpty { _ = try await session.run(commands) }
        try await session.copyIn(statement.description, name: name.description, body)
    }

    /// Runs a script of several statements that takes no values, such as a migration.
    public mutating func execute(script: String, name: String) async throws {
        let commands = takePrelude()
        if !commands.isEmpty { _ = try await session.run(commands) }
        try await session.execute(script: script, name: name)
    }

    private mutating func takePrelude() -> [Command] {
        defer { prelude = [] }
        hasBegun = true
        return prelude
    }

    /// Commits; throws when the server rolled back instead, or when its answer was lost.
    func commit() async throws {
        guard hasBegun else { return }
        try await Transaction.commit(on: session, after: [])
    }

    /// Lends a transaction on the session; commits when the closure returns, rolls back when it throws.
    static func with<Result>(
        _ session: Session, prelude: [Statement<Void>], _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        var transaction = Transaction(session: session, prelude: [.begin] + prelude.map(\.preludeCommand))
        do {
            let result = try await body(&transaction)
            try await transaction.commit()
            return result
        } catch {
            await session.rollBack()
            throw error
        }
    }
}

extension Command {
    static let begin = Command(name: "begin", sql: "BEGIN", keepsRows: false)
    static let commit = Command(name: "commit", sql: "COMMIT", keepsRows: true, commits: true)
    static let rollback = Command(name: "rollback", sql: "ROLLBACK", keepsRows: false)
}

extension Transaction {
    /// Runs the commands and COMMIT in one round trip and gives the commands' answers.
    @discardableResult
    static func commit(on session: Session, after commands: [Command]) async throws -> [Rows?] {
        let rows: [Rows?]
        do {
            rows = try await session.run(commands + [.commit])
        } catch let error as PostgresError where session.commitIsUnknown {
            throw PostgresError(.commitUnknown, report: error.report, statement: error.statement)
        }
        guard let answer = rows.last ?? nil, answer.tag == "COMMIT" else { throw PostgresError(.rolledBack) }
        return rows
    }
}

func unwrap(_ rows: Rows?) throws -> Rows {
    guard let rows else { throw PostgresError(.protocolViolation("a statement was not answered")) }
    return rows
}

func decode<each Output>(
    _ statement: repeat Statement<each Output>, from rows: [Rows?], startingAt first: Int
) throws -> (repeat each Output) {
    var index = first
    func next() throws -> Rows {
        defer { index += 1 }
        return try unwrap(rows[index])
    }
    return try (repeat (each statement).read(next()))
}
