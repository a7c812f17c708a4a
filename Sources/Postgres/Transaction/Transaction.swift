import Logging

/// An open transaction, lent to a closure. Each `run` or `pipeline` is one round trip; BEGIN travels with the first.
///
/// After an error of the server the transaction can only fail, unless the error stayed within ``withSavepoint(_:)``:
/// whatever the closure does next, it is rolled back. Cancelling the task or the end of the time limit has the server
/// stop the statement under way (``PostgresError/Reason/cancelled``, ``PostgresError/Reason/deadline``); the next one
/// fails too.
public struct Transaction: ~Copyable {
    let session: Session
    /// What goes out before the next statement: at first BEGIN and the caller's preparation, later savepoints.
    private var pending: [Command]
    private(set) var savepoints = 0
    private var roundTrips = 0
    /// Why there is no transaction though BEGIN was sent: it was refused, or the transaction was ended meanwhile.
    private var loss: PostgresError?

    init(session: Session, prelude: [Command]) {
        self.session = session
        pending = prelude
    }

    /// Runs one statement. Its rows have been read when this returns, while the transaction is still open.
    @inlinable
    public mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        let rows = try await send([statement.command])
        return try statement.read(rows[0])
    }

    /// Runs several statements, which do not depend on each other's answers, in one round trip and in their order. The
    /// first that fails keeps those behind it from being run, and its error is thrown.
    @inlinable
    public mutating func pipeline<each Output>(
        _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands: [Command] = []
        repeat commands.append((each statement).command)
        let rows = try await send(commands)
        var answers = Answers(rows)
        return try (repeat (each statement).read(answers.next()))
    }

    /// Runs statements of one kind, any number of them, in one round trip and in their order; none for none.
    @inlinable
    public mutating func pipeline<Output>(all statements: [Statement<Output>]) async throws -> [Output] {
        guard !statements.isEmpty else { return [] }
        let rows = try await send(statements.map(\.command))
        return try zip(statements, rows).map { statement, rows in try statement.read(rows) }
    }

    /// The commands' answers, in order; what was pending travels before them.
    @usableFromInline
    mutating func send(_ commands: [Command]) async throws -> [Rows] {
        let all = try takePending(with: commands)
        do { return try await sent(all) } catch { throw noted(error) }
    }

    /// One round trip, as a span.
    private func sent(_ commands: [Command], ending: Bool = false) async throws -> [Rows] {
        let session = session
        guard let spans = session.spans else {
            return ending ? try await session.commit(commands) : try await session.run(commands)
        }
        return try await spans.traced(commands.names) {
            ending ? try await session.commit(commands) : try await session.run(commands)
        }
    }

    /// Keeps the error when the transaction is gone with it: nothing else may run as if there still were one.
    private mutating func noted(_ error: any Error) -> any Error {
        if !session.isBroken, !session.isInTransaction { loss = error as? PostgresError }
        return error
    }

    /// Runs a script of several statements that takes no values, such as a migration.
    ///
    /// The text is sent as it is, so it must not come from a user, and it must neither begin nor end a transaction.
    /// `name` stands for it in errors. A COPY within is a ``PostgresError/Reason/protocolViolation(_:)``.
    public mutating func execute(
        script: String, name: String, fileID: StaticString = #fileID, line: UInt = #line
    ) async throws {
        try await sendPending()
        let session = session
        try await session.spans.traced([name]) {
            try await session.execute(script: script, name: name, fileID: fileID, line: line)
        }
    }

    // MARK: Savepoints

    /// Runs a part of the transaction that may fail by itself: when the closure throws, what it did is undone, its
    /// error comes out unchanged, and the transaction goes on.
    ///
    /// The savepoint and its release travel with other statements, at no round trip of their own.
    public mutating func withSavepoint<Result>(
        _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        let (roundTripsBefore, pendingBefore) = (roundTrips, pending.count)
        savepoints += 1
        let depth = savepoints
        defer { savepoints -= 1 }
        pending.append(.savepoint(depth))
        do {
            let result = try await body(&self)
            pending.append(.release(depth))
            return result
        } catch {
            if roundTrips == roundTripsBefore {
                // Nothing of the closure has been sent.
                pending.removeSubrange(pendingBefore...)
            } else {
                pending = []
                if session.isInTransaction { await rollBack(to: depth) }
                // The error may stay here, unseen by those who run a transaction with a stale statement again.
                if (error as? PostgresError)?.report?.isStalePlan == true { session.forgetStatements() }
            }
            throw error
        }
    }

    /// Goes back to the innermost savepoint, which stays, after a reader had the server stop.
    func undoStop() async throws { try await session.runShielded([.rollback(to: savepoints)]) }

    private func rollBack(to depth: Int) async {
        guard !session.isBroken else { return }
        do {
            try await session.runShielded([.rollback(to: depth), .release(depth)])
        } catch  where (error as? PostgresError)?.report != nil {
            // The savepoint was never made: the transaction failed before, and cannot commit any more.
        } catch {
            session.discard()
        }
    }

    // MARK: The beginning and the end

    /// What is pending and then the commands, to be sent now. Values that are too large to be sent are refused before,
    /// so that BEGIN and the caller's preparation stay for the next statement.
    private mutating func takePending(with commands: [Command] = []) throws -> [Command] {
        if roundTrips > 0, !session.isBroken, !session.isInTransaction {
            throw loss ?? PostgresError(.protocolViolation("the transaction was ended before its closure"))
        }
        let all = pending + commands
        for command in all { try command.sql.parameters.check(command.label) }
        pending = []
        roundTrips += 1
        return all
    }

    mutating func sendPending() async throws {
        let commands = try takePending()
        if !commands.isEmpty { do { _ = try await sent(commands) } catch { throw noted(error) } }
    }

    /// Commits; throws when the server rolled back instead, or when its answer was lost.
    private mutating func commit() async throws {
        guard roundTrips > 0 else { return }
        _ = try await sent(takePending(with: [.commit]), ending: true)
    }

    /// Lends a transaction on the session; commits when the closure returns, rolls back when it throws.
    ///
    /// A transaction that failed since a statement has to be prepared anew is run once more.
    static func with<Result>(
        _ session: Session, prelude: [Command], _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        try await session.refreshingStatements {
            var transaction = Transaction(session: session, prelude: prelude)
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
}

/// The answers of a pipeline, handed out one by one.
@usableFromInline
struct Answers {
    private let rows: [Rows]
    private var index = 0

    @usableFromInline init(_ rows: [Rows]) { self.rows = rows }

    @usableFromInline
    mutating func next() -> Rows {
        defer { index += 1 }
        return rows[index]
    }
}

extension Session {
    /// Runs commands of which the last commits in one round trip and gives their answers.
    func commit(_ commands: [Command]) async throws -> [Rows] {
        do { return try await run(commands) } catch { throw commitFailure(error) }
    }

    /// What became of a transaction whose COMMIT travelled with the commands that failed, or of what failed outside one.
    func commitFailure(_ error: any Error) -> any Error {
        guard commitIsUnknown, let error = error as? PostgresError else { return error }
        return PostgresError(
            .commitUnknown, report: error.report, statement: error.statement, source: error.source)
    }

    /// Whether the transaction failed, and was rolled back, since a statement has to be prepared anew; all will be.
    func refreshStatements(after error: any Error) -> Bool {
        guard let error = error as? PostgresError, error.report?.isStalePlan == true, !isBroken, !isInTransaction else {
            return false
        }
        forgetStatements()
        configuration.logger.debug(
            "prepared statements were stale",
            metadata: ["statement": "\(error.statement ?? "")", "sqlstate": "\(error.state?.rawValue ?? "")"])
        return true
    }

    /// Runs a whole transaction, and once more if it failed since a statement has to be prepared anew.
    func refreshingStatements<Result>(_ transaction: () async throws -> Result) async throws -> Result {
        do {
            return try await transaction()
        } catch  where refreshStatements(after: error) {
            return try await transaction()
        }
    }
}
