import Logging
import Metrics

/// The attempts of one piece of work that is repeated when other transactions were in its way, within one time limit.
struct Repetition {
    private let pool: Pool
    private let retries: Int
    private var deadline: Moment?
    private var backoff = Backoff(base: .milliseconds(5), limit: .milliseconds(500))
    /// When the present attempt began.
    private(set) var began = Moment.never

    init(_ pool: Pool, retries: Int) {
        self.pool = pool
        self.retries = retries
    }

    /// Begins an attempt on a connection. The time runs from the first one: waiting for a connection has its own limit.
    mutating func begin(_ session: Session, at now: Moment = .now, timeout: Nanoseconds) {
        began = now
        let end = deadline ?? began + timeout
        deadline = end
        session.deadline = end
    }

    /// Waits for a moment after a failure that may not come again; throws any other, and when there were enough attempts.
    mutating func pause(after error: any Error) async throws {
        guard let failure = error as? PostgresError, failure.isRepeatable, backoff.failures < retries else {
            throw error
        }
        let pause = backoff.next()
        guard Moment.now + pause < deadline ?? .never else { throw error }
        pool.observation.retries.increment()
        pool.configuration.logger.debug(
            "transaction is run again",
            metadata: ["statement": "\(failure.statement ?? "")", "sqlstate": "\(failure.state?.rawValue ?? "")"])
        do { try await Task.sleep(for: pause) } catch { throw PostgresError(.cancelled) }
    }
}
