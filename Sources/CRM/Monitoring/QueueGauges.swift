import JobQueue
public import Postgres

/// How the queues stand, as gauges; looked up when somebody asks.
public enum QueueGauges {
    /// - Parameter pool: connects as `mehvar_queue`.
    public static func text(_ pool: Pool) async throws -> String {
        let (queues, table) = try await pool.pipeline(QueueStatistics.statement, HotTableStatistics.statement)
        var text = MetricsText()
        for queue in queues {
            let label = [("queue", queue.queue)]
            for (state, count) in [
                ("ready", queue.ready), ("scheduled", queue.scheduled), ("running", queue.running),
                ("dead", queue.dead),
            ] {
                text.add("job_jobs", "gauge", Double(count), label + [("state", state)])
            }
            text.add("job_oldest_ready_seconds", "gauge", queue.oldestReadySeconds ?? 0, label)
            text.add("job_queue_paused", "gauge", queue.isPaused ? 1 : 0, label)
            if let p50 = queue.startP50 {
                text.add("job_start_seconds", "gauge", p50 / 1000, label + [("quantile", "0.5")])
            }
            if let p99 = queue.startP99 {
                text.add("job_start_seconds", "gauge", p99 / 1000, label + [("quantile", "0.99")])
            }
            if let worst = queue.worstTenantP99 {
                text.add("job_start_worst_tenant_seconds", "gauge", worst / 1000, label)
            }
        }
        text.add("job_table_dead_tuples", "gauge", Double(table.deadTuples))
        return text.text
    }
}
