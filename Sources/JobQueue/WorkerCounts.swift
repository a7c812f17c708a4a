import Synchronization

/// What a worker did since it was made.
public struct WorkerCounts: Sendable, Equatable {
    public var claimed = 0
    public var completed = 0
    /// Attempts that failed, to be tried again or not.
    public var failed = 0
    /// Jobs that went back to the queue: failed attempts that will be tried again, snoozes, hand-backs and rescues.
    public var returned = 0
    public var dead = 0
    /// Jobs taken from workers that died: returned, or dead after too many of them.
    public var rescued = 0
    /// Outcomes refused because the job had been given to another run.
    public var fenced = 0
    /// Claims that got nothing, since other workers were faster or a limit held.
    public var emptyClaims = 0
    /// Batches of outcomes that were written.
    public var flushes = 0
    /// The outcomes in them.
    public var flushed = 0
    /// The most in one of them.
    public var largestFlush = 0
    /// How long the first outcome of each had waited until it was written, added up; ``meanFlushLag`` for one of them.
    public var flushLag = Duration.zero
    /// The longest of these times.
    public var longestFlushLag = Duration.zero
    /// Connections for notifications that were lost and made again.
    public var reconnects = 0

    /// Outcomes in a batch; `nil` before the first.
    public var meanFlushSize: Double? { flushes > 0 ? Double(flushed) / Double(flushes) : nil }

    /// `nil` before the first batch.
    public var meanFlushLag: Duration? { flushes > 0 ? flushLag / flushes : nil }
}

final class Counters: Sendable {
    let metrics: QueueMetrics
    private let counts = Mutex(WorkerCounts())

    init(_ metrics: QueueMetrics) { self.metrics = metrics }

    var snapshot: WorkerCounts { counts.withLock { $0 } }

    func update(_ change: (inout WorkerCounts) -> Void) {
        let (before, after) = counts.withLock { counts in
            let before = counts
            change(&counts)
            return (before, counts)
        }
        metrics.count(from: before, to: after)
    }

    /// Outcomes were written, the first of which had waited this long.
    func flushed(_ outcomes: Int, lag: Duration) {
        counts.withLock { counts in
            counts.flushes += 1
            counts.flushed += outcomes
            counts.largestFlush = max(counts.largestFlush, outcomes)
            counts.flushLag += lag
            counts.longestFlushLag = max(counts.longestFlushLag, lag)
        }
        metrics.flushed(outcomes, lag: lag)
    }
}
