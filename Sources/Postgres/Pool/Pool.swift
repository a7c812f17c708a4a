import Logging
import Metrics
import Synchronization

/// A bounded pool of connections to one database as one role.
///
/// Connections are opened when they are needed. When all are in use, tasks wait in order of arrival, for a bounded time
/// and up to a bounded number of them. While the server cannot be reached, tasks fail at once with the reason, or wait
/// for a connection that others have, and connecting is tried again after ``Configuration/reconnectDelay``.
///
/// A pool works from the moment it is made. As a service (``run()``) it also keeps the minimum of connections open,
/// closes those that idle, reports its state, and closes gracefully.
public final class Pool: Sendable {
    /// What the pool was made with.
    public let configuration: Configuration
    /// What every transaction begins with. Behind a pooler each brings its time limits; elsewhere they are the
    /// connection's.
    @usableFromInline let beginning: [Command]
    /// The same for what only reads.
    @usableFromInline let beginningOfLookups: [Command]
    let observation: Observation
    private let transactionTimeout: Nanoseconds
    /// A connection that idled longer is looked at before it is lent.
    let checkAfter: Nanoseconds
    let state: Mutex<PoolState>
    /// Numbers for those who wait.
    let tickets = Atomic<UInt64>(0)
    /// What is looked up from each poller's thread.
    let lookups = (0..<PollingExecutor.threadCount).map { _ in Lookups() }

    /// Opens nothing: the first statement does, or ``run()``. Metrics and tracing have to be set up before.
    public init(_ configuration: Configuration) {
        self.configuration = configuration
        observation = Observation(configuration)
        transactionTimeout = Nanoseconds(configuration.transactionTimeout)
        checkAfter = Nanoseconds(configuration.checkAfter)
        state = Mutex(PoolState(configuration))
        beginning =
            switch configuration.statementMode {
            case .prepared: [.begin]
            case .unprepared:
                [.begin, .timeouts(statement: configuration.statementTimeout, lock: configuration.lockTimeout)]
            }
        beginningOfLookups = [TransactionOptions.readOnly.begin] + beginning.dropFirst()
    }

    /// Runs the statements as one transaction in one round trip: BEGIN, `prelude`, the statements, COMMIT.
    ///
    /// The rows are read only after COMMIT was answered, so an error of decoding or of a number of rows undoes nothing.
    /// When another transaction was in the way (40001, 40P01), all is run again, ``Configuration/maximumRetries`` times
    /// at most; when a prepared statement fitted the schema no longer, once more.
    ///
    /// The first statement that fails is named by the error, and nothing was committed;
    /// ``PostgresError/Reason/commitUnknown`` alone leaves that open. Cancelling the task, or the end of
    /// ``Configuration/transactionTimeout``, has the server stop: the error says which, and if the server was faster,
    /// the rows come out.
    @inlinable
    public func pipeline<each Output>(
        prelude: [Statement<Void>] = [], _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands = beginning
        commands.reserveCapacity(commands.count + prelude.count + 6)
        for statement in prelude { commands.append(statement.preludeCommand) }
        repeat commands.append((each statement).command)
        commands.append(.commit)
        var answers = Answers(try await run(commands))
        return try (repeat (each statement).read(answers.next()))
    }

    @usableFromInline
    func run(_ commands: [Command]) async throws -> [Rows] {
        // Without a closure where there is no tracer: this is the way of every request.
        guard let spans = observation.spans else { return try await commit(commands) }
        return try await spans.traced(commands.names) { try await commit(commands) }
    }

    /// The way of every request: as few calls and closures as can be, and else the same as
    /// ``lend(timeout:retries:_:)``.
    func commit(_ commands: [Command]) async throws -> [Rows] {
        var repetition = Repetition(self, retries: configuration.maximumRetries)
        while true {
            var now = Moment.now
            let session: Session
            if let idle = takeIdle(at: now) {
                session = idle
            } else {
                session = try await acquire()
                now = .now
            }
            repetition.begin(session, at: now, timeout: transactionTimeout)
            do {
                let rows = try await session.run(commands, at: now)
                finish(session, since: repetition.began)
                return rows
            } catch {
                if let rows = try await recover(session, commands, from: error, &repetition) { return rows }
            }
        }
    }

    /// Gives the connection back after a failure; returns rows when what the statements were prepared for had changed and
    /// they could be run after all, `nil` when all is to be run again.
    @inline(never)
    private func recover(
        _ session: Session, _ commands: [Command], from error: any Error, _ repetition: inout Repetition
    ) async throws -> [Rows]? {
        var failure = session.commitFailure(error)
        await session.rollBack()
        if session.refreshStatements(after: failure) {
            // The same connection: another one's statements may be as stale.
            do {
                let rows = try await session.run(commands)
                finish(session, since: repetition.began)
                return rows
            } catch {
                failure = session.commitFailure(error)
                await session.rollBack()
            }
        }
        try await failed(session, failure, &repetition)
        return nil
    }

    /// Lends a transaction. It commits when the closure returns and rolls back when it throws; the closure's own error
    /// comes out unchanged.
    ///
    /// When another transaction was in the way (40001, 40P01) the closure is run again from its beginning, so whatever
    /// it does beside the transaction has to bear that. When a prepared statement fitted the schema no longer, or was
    /// dropped, it is run once more at once, whatever `retries` says.
    ///
    /// A lost answer to COMMIT is ``PostgresError/Reason/commitUnknown``; after every other error nothing was
    /// committed. A closure that runs nothing makes no round trip. Cancelling the task, or the end of the time, has the
    /// server stop the statement under way, and the next one fails; a closure that waits for something else is not
    /// interrupted.
    ///
    /// - Parameters:
    ///   - options: what travels with BEGIN.
    ///   - prelude: statements that travel with the first one, after BEGIN, in each attempt.
    ///   - timeout: how long all that may take once there is a connection, by default the configuration's
    ///     `transactionTimeout`. The server's `statement_timeout` follows a second behind.
    ///   - retries: how often the closure may be run again for 40001 and 40P01, by default the configuration's
    ///     `maximumRetries`.
    ///   - body: the work; the transaction ends with it and cannot be kept.
    public func withTransaction<Result>(
        _ options: TransactionOptions = .default, prelude: [Statement<Void>] = [], timeout: Duration? = nil,
        retries: Int? = nil, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        var commands = beginning
        commands[0] = options.begin
        // The limit on locks is there already.
        if let timeout { commands.append(.timeouts(statement: timeout + .seconds(1), lock: nil)) }
        commands += prelude.map(\.preludeCommand)
        return try await lend(timeout: timeout, retries: retries ?? configuration.maximumRetries) { session in
            try await Transaction.with(session, prelude: commands, body)
        }
    }

    /// Lends a connection for a piece of work, again when it failed since others were in its way.
    private func lend<Result>(
        timeout: Duration? = nil, retries: Int, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        try await observation.spans.traced {
            var repetition = Repetition(self, retries: retries)
            while true {
                let session = try await acquire()
                repetition.begin(session, timeout: timeout.map { Nanoseconds($0) } ?? transactionTimeout)
                do {
                    let result = try await body(session)
                    finish(session, since: repetition.began)
                    return result
                } catch {
                    try await failed(session, error, &repetition)
                }
            }
        }
    }

    private func finish(_ session: Session, since began: Moment) {
        observation.transactions.increment()
        // The last answer was an earlier lending's when this one made no round trip.
        observation.duration.recordNanoseconds(max(0, session.lastAnswer.nanoseconds - began.nanoseconds))
        release(session, session.lastAnswer)
    }

    /// Gives the connection back; returns when the work may be repeated, else throws the error.
    private func failed(_ session: Session, _ error: any Error, _ repetition: inout Repetition) async throws {
        session.lastAnswer = .now
        observation.failures.increment()
        finish(session, since: repetition.began)
        try await repetition.pause(after: error)
    }

    /// For tests: lends a bare connection.
    func withSession<Result>(_ body: (Session) async throws -> Result) async throws -> Result {
        try await lend(retries: 0) { session in
            defer { session.lastAnswer = .now }
            return try await body(session)
        }
    }
}
