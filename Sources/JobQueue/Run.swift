import FoundationEssentials
import Synchronization

/// A run of a job by this worker. What changes here is written and read by ``RunningJobs`` alone, under its lock.
final class Run: RunState, @unchecked Sendable {
    let share: RunShare
    /// Where it stands among the runs.
    var index = 0
    /// The run has ended; its outcome, if any, waits for the database's answer.
    var isOver = false

    init(_ job: ClaimedJob, _ share: RunShare) {
        self.share = share
        super.init(job)
    }
}

/// What one tenant's queue has of the worker. Written and read by ``RunningJobs`` alone, under its lock.
final class RunShare: @unchecked Sendable {
    /// Runs that go on.
    var running = 0
    /// Those that have ended since somebody asked.
    var ended = RunTime()
}

/// Runs that have ended and what they took together.
struct RunTime: Sendable {
    var count = 0
    var seconds = 0.0

    mutating func add(_ more: RunTime) {
        count += more.count
        seconds += more.seconds
    }
}

/// What the worker and the handler tell each other about a run.
class RunState: @unchecked Sendable {
    enum Reason: Sendable {
        /// The job goes back to the queue, uncharged.
        case shutdown
        /// Somebody wants this job to stop: it ends as cancelled unless it completes.
        case requested
        /// Others may run the job by now: whatever comes out of this run is dropped.
        case leaseLost
    }

    private struct Stop {
        var reason: Reason?
        var task: Task<Void, Never>?
    }

    let job: ClaimedJob
    private let stop = Mutex(Stop())
    private let hasCompleted = Atomic(false)

    init(_ job: ClaimedJob) { self.job = job }

    /// Why the run is to stop.
    var reason: Reason? { stop.withLock { $0.reason } }

    /// Whether the handler completed its job by itself.
    var isCompleted: Bool { hasCompleted.load(ordering: .acquiring) }

    func complete() { hasCompleted.store(true, ordering: .releasing) }

    /// Says which task to cancel; one that was to stop before is cancelled at once.
    func attach(_ task: Task<Void, Never>) {
        let isCancelled = stop.withLock { stop in
            stop.task = task
            return stop.reason != nil
        }
        if isCancelled { task.cancel() }
    }

    func cancel(_ reason: Reason) {
        let task = stop.withLock { stop in
            if stop.reason != .leaseLost { stop.reason = reason }
            return stop.task
        }
        task?.cancel()
    }
}
