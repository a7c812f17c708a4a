import FoundationEssentials
import Postgres

/// Jobs that are ready and that nobody takes.
enum StrandedStatements {
    /// A job whose kind the worker does not know, or not in this version.
    struct Unreadable: Sendable, Hashable {
        let kind: String
        /// `nil` where the kind itself is unknown.
        let version: Int?
    }

    /// What stands at the head of each tenant's queue, where the worker has no code for it.
    static func unreadable(_ claimable: Claimable) -> Statement<[Unreadable]> {
        Statement(
            "job.unreadable",
            """
            SELECT DISTINCT j.kind, CASE WHEN j.kind = ANY (\(claimable.kinds)) THEN j.version END
            FROM job.tenant t CROSS JOIN unnest(\(claimable.queues)) AS q (queue)
            CROSS JOIN LATERAL (
                SELECT j.kind, j.version FROM job.job j
                WHERE j.tenant_id = t.tenant_id AND j.queue = q.queue AND j.state = 'ready'
                ORDER BY j.priority, j.run_at, j.id LIMIT 1) j
            WHERE (\(claimable.condition)) IS NOT TRUE
            """, all: { row in Unreadable(kind: try row.next(), version: try row.nextIfPresent()) })
    }

    /// Other queues than these whose first job has been due for longer than `age`, though nothing keeps it from being
    /// claimed, and of which no job of any tenant runs.
    ///
    /// Steps from queue to queue of each tenant in the ready index, and looks at the head of each. A queue with a rate counts
    /// once its bucket is full: a worker that serves it would have taken from it.
    static func unserved(besides queues: [String], for age: Duration) -> Statement<[String]> {
        Statement(
            "job.unserved_queues",
            """
            WITH RECURSIVE place AS (
                SELECT t.tenant_id, (
                    SELECT j.queue FROM job.job j
                    WHERE j.tenant_id = t.tenant_id AND j.state = 'ready' ORDER BY j.queue LIMIT 1) AS queue
                FROM job.tenant t
                WHERE NOT t.is_held AND (t.max_running IS NULL OR t.max_running > (
                    SELECT count(*) FROM (
                        SELECT FROM job.job r WHERE r.tenant_id = t.tenant_id AND r.state = 'running'
                        LIMIT t.max_running) r))
                UNION ALL
                SELECT p.tenant_id, (
                    SELECT j.queue FROM job.job j
                    WHERE j.tenant_id = p.tenant_id AND j.state = 'ready' AND j.queue > p.queue
                    ORDER BY j.queue LIMIT 1)
                FROM place p WHERE p.queue IS NOT NULL
            ), stuck AS MATERIALIZED (
                SELECT DISTINCT p.queue FROM place p
                LEFT JOIN job.tenant_queue l ON l.tenant_id = p.tenant_id AND l.queue = p.queue
                CROSS JOIN LATERAL (
                    SELECT j.run_at FROM job.job j
                    WHERE j.tenant_id = p.tenant_id AND j.queue = p.queue AND j.state = 'ready'
                    ORDER BY j.priority, j.run_at, j.id LIMIT 1) j
                WHERE p.queue <> ALL (\(queues)) AND j.run_at < now() - make_interval(secs => \(age.seconds))
                    AND l.is_paused IS NOT TRUE
                    AND (l.rate IS NULL OR l.tokens + l.rate * extract(epoch FROM now() - l.refilled_at)
                        >= coalesce(l.burst, greatest(1, l.rate / 20)))
                    AND NOT EXISTS (SELECT FROM job.paused_queue q WHERE q.queue = p.queue)
            )
            SELECT s.queue FROM stuck s
            WHERE NOT EXISTS (SELECT FROM job.job r WHERE r.queue = s.queue AND r.state = 'running')
            """, all: { try $0.next() })
    }
}
