import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// Keeps the worker registered as alive.
///
/// The lease is held by this machine's monotonic clock, counted from before each renewal was sent, so it ends here no
/// later than in the database. When it ends, or when the database says that the worker was declared dead, the runs are
/// cancelled and the worker registers under a new id.
final class LeaseKeeper: Sendable {
    private struct Lease {
        let id: UUID
        var validUntil: ContinuousClock.Instant
    }

    private struct State {
        var lease: Lease?
        /// Registrations that may stand in the database though nobody holds their lease: those that were lost, and those
        /// whose answer never came. The newest of them; others end with their time to live.
        var lost: [UUID] = []

        mutating func add(lost id: UUID) { lost = lost.suffix(7) + [id] }
    }

    private let state = Mutex(State())
    private let pool: Pool
    private let configuration: WorkerConfiguration
    private let clock: ServerClock
    private let logger: Logger

    init(pool: Pool, configuration: WorkerConfiguration, clock: ServerClock, logger: Logger) {
        self.pool = pool
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
    }

    /// The id to claim with; `nil` while the worker does not count as alive.
    var workerID: UUID? {
        state.withLock { state in state.lease.flatMap { $0.validUntil > .now ? $0.id : nil } }
    }

    /// Registers and renews until the task is cancelled.
    func run(onGained: @Sendable () -> Void, onLost: @Sendable () -> Void) async {
        var backoff = Backoff(first: configuration.heartbeatInterval / 20, limit: configuration.heartbeatInterval)
        while !Task.isCancelled {
            let lease = state.withLock { $0.lease }
            do {
                if let lease {
                    guard try await renew(lease) else {
                        lose(lease, "the worker was declared dead", onLost)
                        continue
                    }
                } else {
                    try await register()
                    onGained()
                }
                backoff.reset()
                await Signal().wait(atMost: configuration.heartbeatInterval)
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot renew the worker's lease", metadata: ["error": "\(error.loggable)"])
                var pause = backoff.step()
                if let lease {
                    let rest = lease.validUntil - .now
                    guard rest > .zero else {
                        lose(lease, "the worker could not renew its lease in time", onLost)
                        continue
                    }
                    pause = min(pause, rest)
                }
                await Signal().wait(atMost: pause)
            }
        }
    }

    /// Takes the worker off the register, so that whatever it left behind is rescued at once.
    func release() async throws {
        let ids = state.withLock { state in
            defer { state = State() }
            return state.lost + (state.lease.map { [$0.id] } ?? [])
        }
        guard !ids.isEmpty else { return }
        let pool = pool
        _ = try await withTimeLimit(configuration.heartbeatInterval) {
            try await pool.pipeline(WorkerStatements.deregister(ids))
        }
    }

    private func register() async throws {
        let id = UUID.v7()
        let sent = ContinuousClock.now
        // Known before it is sent: the worker may be stopped after it is registered and before it knows.
        let old = state.withLock { state in
            defer { state.add(lost: id) }
            return state.lost
        }
        let statement = WorkerStatements.register(
            id, replacing: old, name: configuration.name, timeToLive: configuration.timeToLive)
        let pool = pool
        let date = try await withTimeLimit(configuration.timeToLive) { try await pool.pipeline(statement) }
        clock.set(date)
        state.withLock { $0 = State(lease: Lease(id: id, validUntil: sent + configuration.timeToLive)) }
        logger.debug("registered", metadata: ["worker_id": "\(id)"])
    }

    /// Renews the lease; `false` when the worker was declared dead.
    private func renew(_ lease: Lease) async throws -> Bool {
        let sent = ContinuousClock.now
        let statement = WorkerStatements.renew(lease.id, timeToLive: configuration.timeToLive)
        let pool = pool
        // Short enough that a connection which hangs does not use up the whole lease.
        let limit = max(min(configuration.timeToLive / 3, lease.validUntil - sent), configuration.timeToLive / 20)
        let answer = try await withTimeLimit(limit) { try await pool.pipeline(statement) }
        guard let date = answer else { return false }
        clock.set(date)
        state.withLock { $0.lease?.validUntil = sent + configuration.timeToLive }
        // Also after a pause of the whole process: while the row stands, nobody has taken the worker's jobs.
        return true
    }

    private func lose(_ lease: Lease, _ why: String, _ onLost: () -> Void) {
        state.withLock { state in
            state.lease = nil
            state.add(lost: lease.id)
        }
        logger.error("\(why): running jobs are cancelled", metadata: ["worker_id": "\(lease.id)"])
        onLost()
    }
}
