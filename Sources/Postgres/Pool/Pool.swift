import Logging
import Metrics
import Synchronization

/// A bounded pool of connections to one database as one role.
///
/// Connections are opened when they are needed. When all are in use, tasks wait in order of arrival, for a bounded time
/// and up to a bounded number of them. While the server cannot be reached, tasks fail at once with the reason, and
/// connecting is tried again after 50 ms to 1 s.
///
/// A pool works from the moment it is made. As a service (``run()``) it also keeps the minimum of connections open, closes
/// those that idle, reports its state, and closes gracefully.
public final class Pool: Sendable {
    public let configuration: Configuration
    let observation: Observation
    let state = Mutex(PoolState())

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        observation = Observation(configuration)
    }

    /// Runs the statements as one transaction in one round trip: BEGIN, `prelude`, the statements, COMMIT.
    ///
    /// The rows are read only after COMMIT was answered. When another transaction was in the way (40001, 40P01), all is run
    /// again, ``Configuration/maximumRetries`` times at most.
    @inlinable
    public func pipeline<each Output>(
        prelude: [Statement<Void>] = [], _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands: [Command] = []
        commands.reserveCapacity(prelude.count + 8)
        for statement in prelude { commands.append(statement.preludeCommand) }
        repeat commands.append((each statement).command)
        var answers = Answers(try await commit(commands))
        return try (repeat (each statement).read(answers.next()))
    }

    @usableFromInline
    func commit(_ commands: [Command]) async throws -> [Rows] {
        let all = [.begin] + standardTimeouts + commands
        return try await lend(retries: configuration.maximumRetries) { session in
            try await session.refreshingStatements {
                do {
                    return try await session.commit(all)
                } catch {
                    await session.rollBack()
                    throw error
                }
            }
        }
    }

    /// Lends a transaction. It commits when the closure returns and rolls back when it throws; the closure's own error comes
    /// out unchanged.
    ///
    /// When another transaction was in the way (40001, 40P01) the closure is run again from its beginning, so whatever it
    /// does beside the transaction has to bear that.
    ///
    /// - Parameters:
    ///   - timeout: how long all that may take, by default the configuration's `transactionTimeout`.
    ///   - retries: how often the closure may be run again, by default the configuration's `maximumRetries`.
    public func withTransaction<Result>(
        _ options: TransactionOptions = .default, prelude: [Statement<Void>] = [], timeout: Duration? = nil,
        retries: Int? = nil, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        var commands = [options.begin]
        if let timeout {
            commands.append(.timeouts(statement: timeout + .seconds(1), lock: configuration.lockTimeout))
        } else {
            commands += standardTimeouts
        }
        commands += prelude.map(\.preludeCommand)
        return try await lend(timeout: timeout, retries: retries ?? configuration.maximumRetries) { session in
            try await Transaction.with(session, prelude: commands, body)
        }
    }

    /// Behind a pooler each transaction brings its time limits; elsewhere they are the connection's.
    private var standardTimeouts: [Command] {
        guard configuration.statementMode == .unprepared else { return [] }
        return [.timeouts(statement: configuration.statementTimeout, lock: configuration.lockTimeout)]
    }

    /// Lends a connection for a piece of work, again when it failed since others were in its way.
    private func lend<Result>(
        timeout: Duration? = nil, retries: Int, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let timeout = timeout ?? configuration.transactionTimeout
        return try await observation.traced(configuration.applicationName) {
            var deadline: Moment?
            var backoff = Backoff(base: .milliseconds(5), limit: .milliseconds(500))
            while true {
                do {
                    return try await withSession(timeout: timeout, until: &deadline, body)
                } catch let error as PostgresError where error.isRepeatable && backoff.failures < retries {
                    let pause = backoff.next()
                    guard let deadline, Moment.now + pause < deadline else { throw error }
                    observation.retries.increment()
                    configuration.logger.debug(
                        "transaction is run again",
                        metadata: [
                            "statement": "\(error.statement ?? "")", "sqlstate": "\(error.state?.rawValue ?? "")",
                        ])
                    do { try await Task.sleep(for: pause) } catch { throw PostgresError(.cancelled) }
                }
            }
        }
    }

    /// - Parameter deadline: when the work has to be over; set when a connection was first lent for it.
    private func withSession<Result>(
        timeout: Duration, until deadline: inout Moment?, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let session = try await acquire()
        let began = Moment.now
        let end = deadline ?? began + timeout
        deadline = end
        session.deadline = end
        do {
            let result = try await body(session)
            finish(session, since: began)
            return result
        } catch {
            observation.failures.increment()
            finish(session, since: began)
            throw error
        }
    }

    private func finish(_ session: Session, since began: Moment) {
        let now = Moment.now
        observation.transactions.increment()
        observation.duration.recordNanoseconds(now.nanoseconds - began.nanoseconds)
        release(session, now)
    }

    /// For tests: lends a bare connection.
    func withSession<Result>(_ body: (Session) async throws -> Result) async throws -> Result {
        var deadline: Moment?
        return try await withSession(timeout: configuration.transactionTimeout, until: &deadline, body)
    }
}
