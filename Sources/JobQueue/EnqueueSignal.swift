public import Logging
public import Postgres
import Synchronization

/// Tells workers, by NOTIFY, that there is new work, so that they need not wait for their next poll.
///
/// A hint and no more: it is sent after the caller's transaction has committed, on a connection of its own, without
/// contents and many as one. Within the transactions themselves NOTIFY would make their commits wait for each other.
public final class EnqueueSignal: Sendable {
    /// The channel that workers listen to.
    public static let channel = "job_ready"

    /// The least time between two notifications.
    private static let pause = Duration.milliseconds(5)

    private enum State { case resting, sending, sendingAgain }

    private let state = Mutex(State.resting)
    private let pool: Pool
    private let logger: Logger

    /// - Parameter pool: any role may notify; a transaction on it must not wait for others, so it is best not one whose
    ///   connections are busy.
    public init(pool: Pool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// Says that jobs were enqueued, and that their transaction has committed. Returns at once.
    public func send() {
        let mustStart = state.withLock { state in
            switch state {
            case .resting:
                state = .sending
                return true
            case .sending, .sendingAgain:
                state = .sendingAgain
                return false
            }
        }
        if mustStart { Task { await run() } }
    }

    private func run() async {
        repeat {
            state.withLock { $0 = .sending }
            do {
                try await pool.pipeline(Self.statement)
            } catch {
                // The next poll finds the work as well.
                logger.debug("workers were not told of new jobs", metadata: ["error": "\(error.loggable)"])
            }
            // Nothing cancels this task.
            do { try await Task.sleep(for: Self.pause) } catch { break }
        } while state.withLock { state in
            if state == .sending { state = .resting }
            return state == .sendingAgain
        }
    }

    /// The notification itself, for programs that end right after they have enqueued.
    public static var statement: Statement<Void> {
        Statement(effect: "job.notify", "SELECT pg_notify(\(channel), '')")
    }
}
