import FoundationEssentials
import Synchronization

/// The runs of this worker, and those whose outcome the database has not confirmed yet.
final class RunningJobs: Sendable {
    private struct Entry {
        let cancellation: Cancellation
        var task: Task<Void, Never>?
    }

    private struct State {
        var entries: [RunKey: Entry] = [:]
        var unconfirmed: Set<RunKey> = []
        var byTenant: [UUID: Int] = [:]

        /// False when the run is not known.
        mutating func remove(_ key: RunKey) -> Bool {
            guard entries.removeValue(forKey: key) != nil else { return false }
            if let count = byTenant[key.tenantID], count > 1 {
                byTenant[key.tenantID] = count - 1
            } else {
                byTenant.removeValue(forKey: key.tenantID)
            }
            return true
        }
    }

    private let state = Mutex(State())
    /// Set whenever a run ends.
    let ended = Signal()

    var count: Int { state.withLock { $0.entries.count } }
    /// Slots in use, by tenant.
    var byTenant: [UUID: Int] { state.withLock { $0.byTenant } }
    /// Everything that the database has a reason to call running.
    var held: Set<RunKey> { state.withLock { $0.unconfirmed.union($0.entries.keys) } }

    /// Starts a run in a task of its own; it can be abandoned, so it is nobody's child.
    func start(_ key: RunKey, _ body: @escaping @Sendable (Cancellation) async -> Void) {
        let cancellation = Cancellation()
        state.withLock { state in
            state.entries[key] = Entry(cancellation: cancellation)
            state.byTenant[key.tenantID, default: 0] += 1
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
        let tasks = state.withLock { state in
            for entry in state.entries.values { entry.cancellation.cancel(reason) }
            return state.entries.values.compactMap(\.task)
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
