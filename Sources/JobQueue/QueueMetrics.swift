import Metrics
import Synchronization

/// What a worker tells through swift-metrics.
final class QueueMetrics: Sendable {
    private let claimed: Counter
    private let completed: Counter
    private let failed: Counter
    private let returned: Counter
    private let dead: Counter
    private let rescued: Counter
    private let fenced: Counter
    private let emptyClaims: Counter
    private let reconnects: Counter
    private let flushSize: Recorder
    private let flushLag: Timer
    private let starts = Mutex<[String: Timer]>([:])
    private let factory: any MetricsFactory

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        func counter(_ name: String) -> Counter { Counter(label: "job_\(name)_total", factory: factory) }
        claimed = counter("claimed")
        completed = counter("completed")
        failed = counter("failed")
        returned = counter("returned")
        dead = counter("dead")
        rescued = counter("rescued")
        fenced = counter("fenced")
        emptyClaims = counter("empty_claims")
        reconnects = counter("listener_reconnects")
        flushSize = Recorder(label: "job_flush_size", factory: factory)
        flushLag = Timer(label: "job_flush_lag", factory: factory)
    }

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
            let timer = Timer(label: "job_start_latency", dimensions: [("queue", queue)], factory: factory)
            starts[queue] = timer
            return timer
        }
        for delay in delays { timer.recordSeconds(max(0, delay)) }
    }
}
