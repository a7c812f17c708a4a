public import FoundationEssentials
public import Postgres

/// How a queue stands, over all tenants and workers. Times are those of jobs that ended within the last hour, in
/// milliseconds; `nil` when none did.
public struct QueueStatistics: Sendable {
    public let queue: String
    /// Paused for all tenants.
    public let isPaused: Bool
    /// Tenants for which alone it is paused.
    public let pausedTenants: Int
    public let ready: Int
    /// How long the job has been due that has waited longest.
    public let oldestReadySeconds: Double?
    public let scheduled: Int
    public let running: Int
    public let dead: Int
    /// Ended within the last hour.
    public let done: Int
    /// From when a job was due until it started.
    public let startP50: Double?
    public let startP99: Double?
    /// From its start until its end was written.
    public let runP50: Double?
    public let runP99: Double?
    /// The tenant with the highest 99th percentile of the time to start, and that.
    public let worstTenant: UUID?
    public let worstTenantP99: Double?

    /// Counts every job that waits, so it takes a while on a deep queue. As `mehvar_queue`.
    public static var statement: Statement<[QueueStatistics]> {
        Statement(
            "job.statistics",
            """
            WITH live AS (
                SELECT queue, count(*) FILTER (WHERE state = 'ready') AS ready,
                    count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
                    count(*) FILTER (WHERE state = 'running') AS running,
                    min(run_at) FILTER (WHERE state = 'ready') AS oldest
                FROM job.job GROUP BY queue
            ), recent AS (
                SELECT tenant_id, queue, extract(epoch FROM started_at - run_at)::float8 * 1000 AS start,
                    extract(epoch FROM finished_at - started_at)::float8 * 1000 AS run
                FROM job.done WHERE finished_at > now() - interval '1 hour' AND started_at IS NOT NULL
            ), done AS (
                SELECT queue, count(*) AS done, percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY start) AS start,
                    percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY run) AS run
                FROM recent GROUP BY queue
            ), worst AS (
                SELECT DISTINCT ON (queue) queue, tenant_id, p99 FROM (
                    SELECT queue, tenant_id, percentile_cont(0.99) WITHIN GROUP (ORDER BY start) AS p99
                    FROM recent GROUP BY queue, tenant_id) t
                ORDER BY queue, p99 DESC
            ), dead AS (
                SELECT queue, count(*) AS dead FROM job.dead GROUP BY queue
            ), paused AS (
                SELECT queue FROM job.paused_queue
            ), paused_tenants AS (
                SELECT queue, count(*) AS tenants FROM job.tenant_queue WHERE is_paused GROUP BY queue
            )
            SELECT q.queue, p.queue IS NOT NULL, coalesce(t.tenants, 0), coalesce(l.ready, 0),
                extract(epoch FROM now() - l.oldest)::float8, coalesce(l.scheduled, 0), coalesce(l.running, 0), coalesce(d.dead, 0), coalesce(f.done, 0), f.start[1],
                f.start[2], f.run[1], f.run[2], w.tenant_id, w.p99
            FROM (SELECT queue FROM live UNION SELECT queue FROM done UNION SELECT queue FROM dead
                UNION SELECT queue FROM paused UNION SELECT queue FROM paused_tenants) q
            LEFT JOIN live l ON l.queue = q.queue LEFT JOIN done f ON f.queue = q.queue
            LEFT JOIN dead d ON d.queue = q.queue LEFT JOIN worst w ON w.queue = q.queue
            LEFT JOIN paused p ON p.queue = q.queue LEFT JOIN paused_tenants t ON t.queue = q.queue
            ORDER BY q.queue
            """,
            all: { row in
                try QueueStatistics(
                    queue: row.next(), isPaused: row.next(), pausedTenants: row.next(), ready: row.next(),
                    oldestReadySeconds: row.nextIfPresent(), scheduled: row.next(), running: row.next(),
                    dead: row.next(), done: row.next(), startP50: row.nextIfPresent(), startP99: row.nextIfPresent(),
                    runP50: row.nextIfPresent(), runP99: row.nextIfPresent(), worstTenant: row.nextIfPresent(),
                    worstTenantP99: row.nextIfPresent())
            })
    }
}
