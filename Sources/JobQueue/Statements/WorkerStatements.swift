import FoundationEssentials
import Postgres

/// The register of worker processes, and the jobs that nobody runs.
enum WorkerStatements {
    /// Adds a worker, in place of those that it may have been before; gives the database's time.
    static func register(_ id: UUID, replacing old: [UUID], name: String, timeToLive: Duration) -> Statement<Date> {
        Statement(
            "job.worker_register",
            """
            WITH replaced AS (DELETE FROM job.worker WHERE id = ANY (\(old)))
            INSERT INTO job.worker (id, name, expires_at)
            VALUES (\(id), \(name), now() + make_interval(secs => \(timeToLive.seconds)))
            RETURNING heartbeat_at
            """, one: { try $0.next() })
    }

    /// Renews the lease; `nil` when the worker was declared dead.
    static func renew(_ id: UUID, timeToLive: Duration) -> Statement<Date?> {
        Statement(
            "job.worker_renew",
            """
            UPDATE job.worker
            SET heartbeat_at = now(), expires_at = now() + make_interval(secs => \(timeToLive.seconds))
            WHERE id = \(id) RETURNING heartbeat_at
            """, optional: { try $0.next() })
    }

    /// The runs that somebody wants to stop.
    static func stopRequests(among runs: [RunKey]) -> Statement<[RunKey]> {
        Statement(
            "job.stop_requests",
            """
            SELECT r.tenant_id, r.id, r.lease
            FROM unnest(\(runs.map(\.tenantID)), \(runs.map(\.id)), \(runs.map(\.lease))) AS r (tenant_id, id, lease)
            CROSS JOIN LATERAL (
                SELECT FROM job.job j
                WHERE j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease = r.lease
                    AND j.cancel_requested_at IS NOT NULL LIMIT 1) j
            """, all: { RunKey(tenantID: try $0.next(), id: try $0.next(), lease: try $0.next()) })
    }

    static func deregister(_ ids: [UUID]) -> Statement<Int> {
        Statement("job.worker_deregister", "DELETE FROM job.worker WHERE id = ANY (\(ids))")
    }

    /// Declares workers dead that have not renewed in time.
    static var expire: Statement<[String]> {
        Statement(
            "job.worker_expire", "DELETE FROM job.worker WHERE expires_at < now() RETURNING name",
            all: { try $0.next() })
    }

    /// Running jobs of workers that are not registered.
    static func orphans(limit: Int) -> Statement<[Orphan]> {
        Statement(
            "job.orphans",
            """
            SELECT j.tenant_id, j.id, j.lease, j.kind, j.attempt, j.rescues FROM job.job j
            WHERE j.state = 'running' AND NOT EXISTS (SELECT FROM job.worker w WHERE w.id = j.worker_id)
            LIMIT \(limit)
            """, all: orphan)
    }

    /// What runs under the worker's name according to the database.
    static func running(under worker: UUID) -> Statement<[Orphan]> {
        Statement(
            "job.running",
            """
            SELECT j.tenant_id, j.id, j.lease, j.kind, j.attempt, j.rescues FROM job.tenant t CROSS JOIN LATERAL (
                SELECT * FROM job.job j
                WHERE j.tenant_id = t.tenant_id AND j.state = 'running' AND j.worker_id = \(worker)) j
            """, all: orphan)
    }

    private static func orphan(_ row: inout RowReader) throws -> Orphan {
        Orphan(
            key: RunKey(tenantID: try row.next(), id: try row.next(), lease: try row.next()), kind: try row.next(),
            attempt: try row.next(), rescues: try row.next())
    }
}
