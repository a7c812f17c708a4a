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
        let place: TenantQueue
        let startedAt = ContinuousClock.now
        var task: Task<Void, Never>?
    }

    private struct State {
        var entries: [RunKey: Entry] = [:]
        var unconfirmed: Set<RunKey> = []
        var byPlace: [TenantQueue: Int] = [:]
        var ended: [UUID: RunTime] = [:]

        /// False when the run is not known.
        mutating func remove(_ key: RunKey) -> Bool {
            guard let entry = entries.removeValue(forKey: key) else { return false }
            let rest = byPlace[entry.place, default: 1] - 1
            byPlace[entry.place] = rest > 0 ? rest : nil
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
    /// The runs that go on.
    var keys: [RunKey] { state.withLock { Array($0.entries.keys) } }

    /// Slots in use by tenants' queues, and what has ended since the last call.
    func takeStock() -> (byPlace: [TenantQueue: Int], ended: [UUID: RunTime]) {
        state.withLock { state in
            defer { state.ended = [:] }
            return (state.byPlace, state.ended)
        }
    }

    /// Starts a run in a task of its own; it can be abandoned, so it is nobody's child.
    func start(_ job: ClaimedJob, _ body: @escaping @Sendable (Cancellation) async -> Void) {
        let cancellation = Cancellation()
        let key = job.key
        state.withLock { state in
            let place = TenantQueue(tenantID: key.tenantID, queue: job.queue)
            state.entries[key] = Entry(cancellation: cancellation, place: place)
            state.byPlace[place, default: 0] += 1
        }
        let task = Task { await body(cancellation) }
        let isCancelled = state.withLock { state in
            // The run may be over by now.
            state.entries[key]?.task = task
            return cancellation.reason != nil
        }
        if isCancelled { task.cancel() }
    }

    /// Frees the run's slot. When the run was abandoned its outcome does not count.
    ///
    /// - Parameter handOver: takes the outcome, before anybody can see that the run has ended; gets whether it was the
    ///   last one. `nil` when there is none to write.
    func end(_ key: RunKey, handOver: ((_ isLast: Bool) -> Void)? = nil) {
        state.withLock { state in
            guard state.remove(key), let handOver else { return }
            state.unconfirmed.insert(key)
            handOver(state.entries.isEmpty)
        }
        ended.set()
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
