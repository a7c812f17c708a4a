import FoundationEssentials
import Synchronization

/// Runs that have ended and what they took together.
struct RunTime: Sendable {
    var count = 0
    var seconds = 0.0

    mutating func add(_ seconds: Double) {
        count += 1
        self.seconds += seconds
    }
}

/// The runs of this worker, and those whose outcome the database has not confirmed yet.
final class RunningJobs: Sendable {
    private struct Entry {
        let cancellation: Cancellation
        let place: TenantQueue
        let startedAt = ContinuousClock.now
        /// The run has ended; its outcome waits for the database's answer.
        var isOver = false
    }

    private struct State {
        var entries: [RunKey: Entry] = [:]
        /// Runs that go on.
        var count = 0
        var byPlace: [TenantQueue: Int] = [:]
        var ended: [UUID: RunTime] = [:]

        mutating func begin(_ key: RunKey, _ entry: Entry) {
            entries[key] = entry
            count += 1
            byPlace[entry.place, default: 0] += 1
        }

        /// False when the run is not known, or over.
        mutating func end(_ key: RunKey, isUnconfirmed: Bool) -> Bool {
            guard let index = entries.index(forKey: key), !entries.values[index].isOver else { return false }
            let entry = entries.values[index]
            if isUnconfirmed { entries.values[index].isOver = true } else { entries.remove(at: index) }
            count -= 1
            let rest = byPlace[entry.place, default: 1] - 1
            byPlace[entry.place] = rest > 0 ? rest : nil
            ended[key.tenantID, default: RunTime()].add((ContinuousClock.now - entry.startedAt).seconds)
            return true
        }
    }

    private let state = Mutex(State())
    /// Set whenever a run ends.
    let ended = Signal()

    var count: Int { state.withLock { $0.count } }
    /// Everything that the database has a reason to call running.
    var held: Set<RunKey> { state.withLock { Set($0.entries.keys) } }
    /// The runs that go on.
    var keys: [RunKey] { state.withLock { Self.keys(&$0) } }

    private static func keys(_ state: inout State) -> [RunKey] {
        state.entries.compactMap { $0.value.isOver ? nil : $0.key }
    }

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
        let place = TenantQueue(tenantID: job.key.tenantID, queue: job.queue)
        state.withLock { $0.begin(job.key, Entry(cancellation: cancellation, place: place)) }
        cancellation.attach(Task { await body(cancellation) })
    }

    /// Frees the run's slot. When the run was abandoned its outcome does not count.
    ///
    /// - Parameter handOver: takes the outcome, before anybody can see that the run has ended; gets whether it was the
    ///   last one. `nil` when there is none to write.
    func end(_ key: RunKey, handOver: ((_ isLast: Bool) -> Void)? = nil) {
        state.withLock { state in
            guard state.end(key, isUnconfirmed: handOver != nil) else { return }
            handOver?(state.count == 0)
        }
        ended.set()
    }

    /// The database has answered, one way or another.
    func confirm(_ keys: some Sequence<RunKey>) {
        state.withLock { state in
            for key in keys {
                guard let index = state.entries.index(forKey: key), state.entries.values[index].isOver else { continue }
                state.entries.remove(at: index)
            }
        }
    }

    /// Tells every run to stop.
    func cancelAll(_ reason: Cancellation.Reason) { cancel(keys, reason) }

    /// Tells runs to stop; those that are over are left alone.
    func cancel(_ keys: some Sequence<RunKey>, _ reason: Cancellation.Reason) {
        let cancellations = state.withLock { state in
            keys.compactMap { key in state.entries[key].flatMap { $0.isOver ? nil : $0.cancellation } }
        }
        for cancellation in cancellations { cancellation.cancel(reason) }
    }

    /// Gives up on runs that do not react; they free their slots now and their outcomes are dropped.
    func abandonAll() -> [RunKey] {
        state.withLock { state in
            let keys = Self.keys(&state)
            for key in keys { _ = state.end(key, isUnconfirmed: false) }
            return keys
        }
    }
}
