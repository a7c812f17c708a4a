import Synchronization

/// What a worker did since it was made.
public struct WorkerCounts: Sendable, Equatable {
    public var claimed = 0
    public var completed = 0
    /// Failed attempts that will be tried again, snoozes and hand-backs.
    public var returned = 0
    public var dead = 0
    /// Jobs taken back from workers that died.
    public var rescued = 0
    /// Outcomes refused because the job had been given to another run.
    public var fenced = 0
    /// Claims that got nothing, since other workers were faster or a limit held.
    public var emptyClaims = 0
    /// Batches of outcomes that were written.
    public var flushes = 0
    /// Connections for notifications that were lost and made again.
    public var reconnects = 0
}

final class Counters: Sendable {
    let metrics = QueueMetrics()
    private let counts = Mutex(WorkerCounts())

    var snapshot: WorkerCounts { counts.withLock { $0 } }

    func update(_ change: (inout WorkerCounts) -> Void) {
        let (before, after) = counts.withLock { counts in
            let before = counts
            change(&counts)
            return (before, counts)
        }
        metrics.count(from: before, to: after)
    }
}
