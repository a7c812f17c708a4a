import Metrics
import Synchronization

/// What a worker tells through swift-metrics, which has to be set up before the worker is made.
final class QueueMetrics: Sendable {
    private let claimed = Counter(label: "job_claimed_total")
    private let completed = Counter(label: "job_completed_total")
    private let failed = Counter(label: "job_failed_total")
    private let returned = Counter(label: "job_returned_total")
    private let dead = Counter(label: "job_dead_total")
    private let rescued = Counter(label: "job_rescued_total")
    private let fenced = Counter(label: "job_fenced_total")
    private let emptyClaims = Counter(label: "job_empty_claims_total")
    private let reconnects = Counter(label: "job_listener_reconnects_total")
    private let flushSize = Recorder(label: "job_flush_size")
    private let flushLag = Timer(label: "job_flush_lag")
    private let starts = Mutex<[String: Timer]>([:])

    func count(from before: WorkerCounts, to after: WorkerCounts) {
        func add(_ counter: Counter, _ difference: Int) { if difference > 0 { counter.increment(by: difference) } }
        add(claimed, after.claimed - before.claimed)
        add(completed, after.completed - before.completed)
        add(failed, after.failed - before.failed)
        add(returned, after.returned - before.returned)
        add(dead, after.dead - before.dead)
        add(rescued, after.rescued - before.rescued)
        add(fenced, after.fenced - before.fenced)
        add(emptyClaims, after.emptyClaims - before.emptyClaims)
        add(reconnects, after.reconnects - before.reconnects)
    }

    /// Outcomes were written, the first of which had waited this long.
    func flushed(_ outcomes: Int, lag: Duration) {
        flushSize.record(outcomes)
        flushLag.record(duration: lag)
    }

    /// Jobs of the queue started so many seconds after they were due.
    func started(_ queue: String, after delays: some Sequence<Double>) {
        let timer = starts.withLock { starts in
            if let timer = starts[queue] { return timer }
            let timer = Timer(label: "job_start_latency", dimensions: [("queue", queue)])
            starts[queue] = timer
            return timer
        }
        for delay in delays { timer.recordSeconds(max(0, delay)) }
    }
}
