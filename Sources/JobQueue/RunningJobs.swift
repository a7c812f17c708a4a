import FoundationEssentials
import Synchronization

/// The runs of this worker, and those whose outcome the database has not confirmed yet.
final class RunningJobs: Sendable {
    private struct State {
        /// In no order; each knows its index.
        var runs: [Run] = []
        /// Runs that go on.
        var count = 0
        var shares: [TenantQueue: RunShare] = [:]
        /// What has been forgotten since an audit began; `nil` while there is none.
        var forgotten: Set<RunKey>?

        mutating func begin(_ jobs: ArraySlice<ClaimedJob>, of place: TenantQueue) -> [Run] {
            let share = shares[place] ?? RunShare()
            shares[place] = share
            share.running += jobs.count
            count += jobs.count
            return jobs.map { job in
                let run = Run(job, share)
                run.index = runs.count
                runs.append(run)
                return run
            }
        }

        /// False when the run is over.
        mutating func end(_ run: Run, took time: Duration, isUnconfirmed: Bool) -> Bool {
            guard !run.isOver else { return false }
            run.isOver = true
            count -= 1
            run.share.running -= 1
            run.share.ended.add(RunTime(count: 1, seconds: time.seconds))
            if !isUnconfirmed { forget(run) }
            return true
        }

        mutating func forget(_ run: Run) {
            guard run.index < runs.count, runs[run.index] === run else { return }
            forgotten?.insert(run.job.key)
            runs.swapAt(run.index, runs.count - 1)
            runs[run.index].index = run.index
            runs.removeLast()
        }

        /// The runs that go on.
        var current: [Run] { runs.filter { !$0.isOver } }
    }

    private let state = Mutex(State())
    /// Set whenever a run ends.
    let ended = Signal()

    var count: Int { state.withLock { $0.count } }
    /// Begins to remember what was confirmed, which the database may have called running when it was asked.
    func beginAudit() { state.withLock { $0.forgotten = [] } }

    func endAudit() { state.withLock { $0.forgotten = nil } }

    /// Those that the database had no reason to call running since the audit began: their outcomes, if there were any,
    /// were confirmed before.
    func unknown(among runs: [Orphan]) -> [Orphan] {
        guard !runs.isEmpty else { return [] }
        let known = state.withLock { state in
            Set(state.runs.lazy.map(\.job.key)).union(state.forgotten ?? [])
        }
        return runs.filter { !known.contains($0.key) }
    }

    /// The runs that go on.
    var keys: [RunKey] { state.withLock { $0.current.map(\.job.key) } }

    /// Slots in use by tenants' queues, and what has ended since the last call.
    func takeStock() -> (byPlace: [TenantQueue: Int], ended: [UUID: RunTime]) {
        state.withLock { state in
            var byPlace: [TenantQueue: Int] = [:]
            var ended: [UUID: RunTime] = [:]
            for (place, share) in state.shares {
                if share.ended.count > 0 { ended[place.tenantID, default: RunTime()].add(share.ended) }
                share.ended = RunTime()
                if share.running > 0 { byPlace[place] = share.running } else { state.shares[place] = nil }
            }
            return (byPlace, ended)
        }
    }

    /// Starts each job in a task of its own; they can be abandoned, so they are nobody's children. What the worker's own task
    /// carries, such as a trace or its service group's shutdown, is not theirs.
    func start(_ jobs: [ClaimedJob], _ body: @escaping @Sendable (Run) async -> Void) {
        let runs = state.withLock { state in
            jobs.lots.flatMap { state.begin($0.jobs, of: $0.place) }
        }
        for run in runs { run.attach(Task.detached { await body(run) }) }
    }

    /// Frees the run's slot. When the run was abandoned its outcome does not count.
    ///
    /// - Parameters:
    ///   - time: how long it ran; that it waited for a processor before is not its tenant's doing.
    ///   - handOver: takes the outcome, before anybody can see that the run has ended; gets whether it was the last one.
    ///     `nil` when there is none to write.
    func end(_ run: Run, took time: Duration, handOver: ((_ isLast: Bool) -> Void)? = nil) {
        state.withLock { state in
            guard state.end(run, took: time, isUnconfirmed: handOver != nil) else { return }
            handOver?(state.count == 0)
        }
        ended.set()
    }

    /// The database has answered, one way or another.
    func confirm(_ outcomes: [Outcome]) {
        state.withLock { state in
            for outcome in outcomes {
                if let run = outcome.run { state.forget(run) }
            }
        }
    }

    /// Tells every run to stop.
    func cancelAll(_ reason: RunState.Reason) {
        for run in state.withLock({ $0.current }) { run.cancel(reason) }
    }

    /// Tells runs to stop; those that are over are left alone.
    func cancel(_ keys: some Sequence<RunKey>, _ reason: RunState.Reason) {
        let keys = Set(keys)
        for run in state.withLock({ $0.current }) where keys.contains(run.job.key) { run.cancel(reason) }
    }

    /// Gives up on runs that do not react; they free their slots now and their outcomes are dropped.
    func abandonAll() -> [RunKey] {
        state.withLock { state in
            state.current.map { run in
                _ = state.end(run, took: .zero, isUnconfirmed: false)
                return run.job.key
            }
        }
    }
}
