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
    /// ends, so that it cannot run without seeing that transaction's changes: it takes the new parameters and cost, the
    /// better priority, the earlier time and the later deadline, except that a failed job's backoff stays. Keys repeated
    /// within `jobs` merge in the same way before they are sent.
    /// - Precondition: no job is of a batch; see ``statements(tenant:jobs:)``.
    /// - Throws: `EncodingError` when parameters cannot be written as JSON.
    public static func statement(tenant: UUID, jobs: [NewJob]) throws -> Statement<Int> {
        precondition(jobs.allSatisfy { $0.batchID == nil }, "jobs of a batch take several statements")
        if jobs.count == 1 { return try one(tenant: tenant, jobs[0]).map { _ in 1 } }
        return statement(tenant: tenant, rows: try EnqueueRows(NewJob.merged(jobs)))
    }

    /// One statement for one job; its output is the id of the job that waits now: this one's, or that of the one with the
    /// same key that waited already.
    public static func statement(tenant: UUID, job: any Job) throws -> Statement<UUID> {
        try one(tenant: tenant, NewJob(job))
    }

    /// As many statements as many jobs need, for `pipeline(all:)` in one transaction; the same jobs as in one
    /// statement. Their outputs add up to the number of rows inserted or merged into.
    ///
    /// The last ones announce the jobs to their batches, whose rows are locked from then to the end of the transaction,
    /// and fail with SQLSTATE `JQ002` where one is not open.
    public static func statements(tenant: UUID, jobs: [NewJob]) throws -> [Statement<Int>] {
        var sizes: [UUID: Int] = [:]
        for job in jobs { if let batch = job.batchID { sizes[batch, default: 0] += 1 } }
        let announcements = sizes.sorted { $0.key < $1.key }.map { batch, size in
            BatchStatements.extend(tenant: tenant, batch, by: size)
        }
        let merged = NewJob.merged(jobs)
        return try stride(from: 0, to: merged.count, by: chunkSize).map { start in
            let chunk = merged[start..<min(start + chunkSize, merged.count)]
            return statement(tenant: tenant, rows: try EnqueueRows(chunk))
        } + announcements
    }

    /// Whether the statement enqueues, so that workers may be told once it has committed; see ``EnqueueSignal``.
    public static func isEnqueueing<Output>(_ statement: Statement<Output>) -> Bool {
        // The name is one literal, in one place.
        statement.name.utf8Start == name.utf8Start
    }

    private static let name: StaticString = "job.enqueue"

    private static func one(tenant: UUID, _ new: NewJob) throws -> Statement<UUID> {
        let row = try EnqueueRow(new)
        // Without a key there is nothing to merge with, and the insertion is spared looking.
        let merging: SQL = new.storedKey == nil ? "" : merging
        return Statement(
            name,
            """
            INSERT INTO job.job AS waiting
                (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, unique_key, deadline, cost,
                    parameters)
            VALUES (\(tenant), \(new.id), \(new.queue), \(row.kind), \(row.version), \(row.priority),
                CASE WHEN \(new.runAt) > now() THEN 'scheduled' ELSE 'ready' END, coalesce(\(new.runAt), now()),
                \(row.maxAttempts), \(new.storedKey), \(new.deadline), \(row.cost), \(row.parameters))
            \(merging)
            RETURNING id
            """, one: { try $0.next() })
    }

    private static func statement(tenant: UUID, rows: EnqueueRows) -> Statement<Int> {
        Statement(
            name,
            """
            INSERT INTO job.job AS waiting
                (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, unique_key, deadline, cost,
                    batch_id, parameters)
            SELECT \(tenant), n.id, n.queue, n.kind, n.version, n.priority,
                CASE WHEN n.run_at > now() THEN 'scheduled' ELSE 'ready' END, coalesce(n.run_at, now()),
                n.max_attempts, n.unique_key, n.deadline, n.cost, n.batch_id, n.parameters
            FROM unnest(\(rows.ids), \(rows.queues), \(rows.kinds), \(rows.versions), \(rows.priorities),
                \(rows.runAt), \(rows.maxAttempts), \(rows.uniqueKeys), \(rows.deadlines), \(rows.costs),
                \(rows.batches), \(rows.parameters))
                AS n (id, queue, kind, version, priority, run_at, max_attempts, unique_key, deadline, cost, batch_id,
                    parameters)
            \(merging)
            """)
    }

    private static var merging: SQL {
        """
        ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready')
        DO UPDATE SET
            parameters = excluded.parameters,
            version = excluded.version,
            cost = excluded.cost,
            priority = least(waiting.priority, excluded.priority),
            max_attempts = greatest(waiting.max_attempts, excluded.max_attempts),
            deadline = CASE WHEN waiting.deadline IS NULL OR excluded.deadline IS NULL THEN NULL
                ELSE greatest(waiting.deadline, excluded.deadline) END,
            run_at = CASE WHEN waiting.attempt > 0 THEN waiting.run_at
                ELSE least(waiting.run_at, excluded.run_at) END,
            state = CASE WHEN waiting.attempt > 0 OR waiting.state = 'ready' THEN waiting.state
                ELSE excluded.state END
        """
    }
}
