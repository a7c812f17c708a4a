import FoundationEssentials
import Synchronization

/// Runs that have ended and what they took together.
struct RunTime: Sendable {
    var count = 0
    var seconds = 0.0
}

/// The runs of this worker, and those whose outcome the database has not confirmed yet.
final class RunningJobs: Sendable {
    private struct Entry {
        let cancellation: Cancellation
        let queue: String
        let startedAt = ContinuousClock.now
        var task: Task<Void, Never>?
    }

    private struct State {
        var entries: [RunKey: Entry] = [:]
        var unconfirmed: Set<RunKey> = []
        var byTenant: [UUID: Int] = [:]
        var byQueue: [String: Int] = [:]
        var ended: [UUID: RunTime] = [:]

        /// False when the run is not known.
        mutating func remove(_ key: RunKey) -> Bool {
            guard let entry = entries.removeValue(forKey: key) else { return false }
            let tenant = byTenant[key.tenantID, default: 1] - 1
            byTenant[key.tenantID] = tenant > 0 ? tenant : nil
            byQueue[entry.queue, default: 1] -= 1
            ended[key.tenantID, default: RunTime()].count += 1
            ended[key.tenantID, default: RunTime()].seconds += (ContinuousClock.now - entry.startedAt).seconds
            return true
        }
    }

    private let state = Mutex(State())
    /// Set whenever a run ends.
    let ended = Signal()

    var count: Int { state.withLock { $0.entries.count } }
    /// Everything that the database has a reason to call running.
    var held: Set<RunKey> { state.withLock { $0.unconfirmed.union($0.entries.keys) } }
    /// Slots in use, by queue.
    var byQueue: [String: Int] { state.withLock { $0.byQueue } }

    /// Slots in use by tenant and by queue, and what has ended since the last call.
    func takeStock() -> (byTenant: [UUID: Int], byQueue: [String: Int], ended: [UUID: RunTime]) {
        state.withLock { state in
            defer { state.ended = [:] }
            return (state.byTenant, state.byQueue, state.ended)
        }
    }

    /// Starts a run in a task of its own; it can be abandoned, so it is nobody's child.
    func start(_ job: ClaimedJob, _ body: @escaping @Sendable (Cancellation) async -> Void) {
        let cancellation = Cancellation()
        let key = job.key
        state.withLock { state in
            state.entries[key] = Entry(cancellation: cancellation, queue: job.queue)
            state.byTenant[key.tenantID, default: 0] += 1
            state.byQueue[job.queue, default: 0] += 1
        }
        let task = Task { await body(cancellation) }
        let isCancelled = state.withLock { state in
            // The run may be over by now.
            state.entries[key]?.task = task
            return cancellation.reason != nil
        }
        if isCancelled { task.cancel() }
    }

    /// Frees the run's slot. False when the run was abandoned: then its outcome does not count.
    func end(_ key: RunKey, hasOutcome: Bool) -> Bool {
        let wasRunning = state.withLock { state in
            guard state.remove(key) else { return false }
            if hasOutcome { state.unconfirmed.insert(key) }
            return true
        }
        ended.set()
        return wasRunning
    }

    /// The database has answered, one way or another.
    func confirm(_ keys: some Sequence<RunKey>) {
        state.withLock { state in
            for key in keys { state.unconfirmed.remove(key) }
        }
    }

    /// Tells every run to stop.
    func cancelAll(_ reason: Cancellation.Reason) {
        cancel(state.withLock { Array($0.entries.keys) }, reason)
    }

    /// Tells runs to stop; those that are over are left alone.
    func cancel(_ keys: some Sequence<RunKey>, _ reason: Cancellation.Reason) {
        let tasks = state.withLock { state in
            keys.compactMap { key -> Task<Void, Never>? in
                state.entries[key]?.cancellation.cancel(reason)
                return state.entries[key]?.task
            }
        }
        for task in tasks { task.cancel() }
    }

    /// Gives up on runs that do not react; they free their slots now and their outcomes are dropped.
    func abandonAll() -> [RunKey] {
        state.withLock { state in
            let keys = Array(state.entries.keys)
            for key in keys { _ = state.remove(key) }
            return keys
        }
    }
}
