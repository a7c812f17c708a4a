public import FoundationEssentials
public import Postgres

/// Puts jobs into the queue as part of the caller's own transaction: what rolls back was never enqueued.
///
/// The tenant must have a row in `job.tenant`, which is made with the tenant.
public enum Enqueue {
    /// Rows that one statement carries when many jobs are enqueued in several.
    static let chunkSize = 5_000

    /// One statement for any number of jobs; its output is the number of rows inserted or merged into.
    ///
    /// A job whose unique key already waits merges into the waiting one, which is locked until the caller's transaction
    /// ends, so that it cannot run without seeing that transaction's changes: it takes the new parameters, the better
    /// priority and the earlier time, except that a failed job's backoff stays. Keys repeated within `jobs` merge in
    /// the same way before they are sent.
    /// - Throws: `EncodingError` when parameters cannot be written as JSON.
    public static func statement(tenant: UUID, jobs: [NewJob]) throws -> Statement<Int> {
        statement(tenant: tenant, rows: try EnqueueRows(NewJob.merged(jobs)))
    }

    /// One statement for one job.
    public static func statement(tenant: UUID, job: any Job) throws -> Statement<Int> {
        try statement(tenant: tenant, jobs: [NewJob(job)])
    }

    /// As many statements as many jobs need, for `pipeline(all:)` in one transaction; the same jobs as in one
    /// statement.
    public static func statements(tenant: UUID, jobs: [NewJob]) throws -> [Statement<Int>] {
        let merged = NewJob.merged(jobs)
        return try stride(from: 0, to: merged.count, by: chunkSize).map { start in
            let chunk = merged[start..<min(start + chunkSize, merged.count)]
            return statement(tenant: tenant, rows: try EnqueueRows(chunk))
        }
    }

    private static func statement(tenant: UUID, rows: EnqueueRows) -> Statement<Int> {
        Statement(
            "job.enqueue",
            """
            INSERT INTO job.job AS waiting
                (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, unique_key, parameters)
            SELECT \(tenant), n.id, n.queue, n.kind, n.version, n.priority,
                CASE WHEN n.run_at > now() THEN 'scheduled' ELSE 'ready' END, coalesce(n.run_at, now()),
                n.max_attempts, n.unique_key, n.parameters
            FROM unnest(\(rows.ids), \(rows.queues), \(rows.kinds), \(rows.versions), \(rows.priorities),
                \(rows.runAt), \(rows.maxAttempts), \(rows.uniqueKeys), \(rows.parameters))
                AS n (id, queue, kind, version, priority, run_at, max_attempts, unique_key, parameters)
            ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready')
            DO UPDATE SET
                parameters = excluded.parameters,
                version = excluded.version,
                priority = least(waiting.priority, excluded.priority),
                max_attempts = greatest(waiting.max_attempts, excluded.max_attempts),
                run_at = CASE WHEN waiting.attempt > 0 THEN waiting.run_at
                    ELSE least(waiting.run_at, excluded.run_at) END,
                state = CASE WHEN waiting.attempt > 0 OR waiting.state = 'ready' THEN waiting.state
                    ELSE excluded.state END
            """)
    }
}
