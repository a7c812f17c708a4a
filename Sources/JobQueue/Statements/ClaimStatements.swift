import FoundationEssentials
import Postgres

/// A tenant's queue with work that is ready.
struct ReadyQueue: Sendable, Hashable {
    let tenantID: UUID
    let queue: String
    let weight: Int
}

/// How many jobs to claim from a tenant's queue.
struct Demand: Sendable {
    let tenantID: UUID
    let queue: String
    var slots: Int
}

/// What the worker may claim: the kinds that it has code for, up to the version that the code reads.
struct Claimable: Sendable {
    let queues: [String]
    let kinds: [String]
    let versions: [Int32]

    init(queues: [String], kinds: [(kind: String, version: Int)]) {
        self.queues = queues
        self.kinds = kinds.map(\.kind)
        versions = kinds.map { Int32(clamping: $0.version) }
    }

    /// Null, and so not true, for kinds that are not known.
    fileprivate var condition: SQL {
        "j.version <= (\(versions))[array_position(\(kinds), j.kind)]"
    }
}

enum ClaimStatements {
    /// Jobs that become ready in one statement, per tenant.
    static let promotionLimit = 1_000

    /// Tenants with scheduled jobs that are due.
    static var due: Statement<[UUID]> {
        Statement(
            "job.due",
            """
            SELECT t.tenant_id FROM job.tenant t CROSS JOIN LATERAL (
                SELECT FROM job.job j
                WHERE j.tenant_id = t.tenant_id AND j.state = 'scheduled' AND j.run_at <= now() LIMIT 1) j
            WHERE NOT t.is_held
            """, all: { try $0.next() })
    }

    /// Makes due jobs ready.
    static func promote(_ tenants: [UUID]) -> Statement<Int> {
        Statement(
            "job.promote",
            """
            WITH due AS MATERIALIZED (
                SELECT j.tenant_id, j.id FROM unnest(\(tenants)) AS t (tenant_id) CROSS JOIN LATERAL (
                    SELECT j.tenant_id, j.id FROM job.job j
                    WHERE j.tenant_id = t.tenant_id AND j.state = 'scheduled' AND j.run_at <= now()
                    ORDER BY j.run_at LIMIT \(promotionLimit) FOR UPDATE SKIP LOCKED) j
            )
            UPDATE job.job j SET state = 'ready'
            FROM due WHERE j.tenant_id = due.tenant_id AND j.id = due.id AND j.state = 'scheduled'
            """)
    }

    /// Tenants and queues with at least one job that could be claimed.
    ///
    /// One look at the index for each: LIMIT in LATERAL, for EXISTS would become a join over all ready jobs.
    static func ready(_ claimable: Claimable) -> Statement<[ReadyQueue]> {
        Statement(
            "job.ready",
            """
            SELECT t.tenant_id, q.queue, t.weight FROM job.tenant t CROSS JOIN unnest(\(claimable.queues)) AS q (queue)
            CROSS JOIN LATERAL (
                SELECT FROM job.job j
                WHERE j.tenant_id = t.tenant_id AND j.queue = q.queue AND j.state = 'ready'
                    AND \(claimable.condition) AND \(twinIsIdle)
                LIMIT 1) j
            WHERE NOT t.is_held
            """,
            all: { row in ReadyQueue(tenantID: try row.next(), queue: try row.next(), weight: try row.next()) })
    }

    /// Takes jobs for a worker: several tenants in one statement here, one statement for each where tenants are
    /// sharded.
    static func claim(
        _ demands: [Demand], _ claimable: Claimable, worker: UUID
    ) -> [Statement<[ClaimedJob]>] {
        guard !demands.isEmpty else { return [] }
        let statement = Statement(
            "job.claim",
            """
            WITH candidate AS MATERIALIZED (
                SELECT j.tenant_id, j.id
                FROM unnest(\(demands.map(\.tenantID)), \(demands.map(\.queue)), \(demands.map(\.slots)))
                    AS d (tenant_id, queue, slots)
                CROSS JOIN LATERAL (
                    SELECT j.tenant_id, j.id FROM job.job j
                    WHERE j.tenant_id = d.tenant_id AND j.queue = d.queue AND j.state = 'ready'
                        AND \(claimable.condition) AND \(twinIsIdle)
                    ORDER BY j.priority, j.run_at, j.id LIMIT d.slots FOR UPDATE OF j SKIP LOCKED) j
            )
            UPDATE job.job j
            SET state = 'running', lease = j.lease + 1, attempt = j.attempt + 1, worker_id = \(worker),
                started_at = now()
            FROM candidate c WHERE j.tenant_id = c.tenant_id AND j.id = c.id
            RETURNING j.tenant_id, j.id, j.lease, j.queue, j.kind, j.priority, j.attempt, j.max_attempts,
                j.unique_key IS NOT NULL, j.parameters, j.created_at
            """, all: claimedJob)
        return [statement]
    }

    private static func claimedJob(_ row: inout RowReader) throws -> ClaimedJob {
        ClaimedJob(
            key: RunKey(tenantID: try row.next(), id: try row.next(), lease: try row.next()), queue: try row.next(),
            kind: try row.next(), priority: try row.next(), attempt: try row.next(), maxAttempts: try row.next(),
            isUnique: try row.next(), parameters: try row.next(), enqueuedAt: try row.next())
    }

    /// No job with the same key runs. A subquery with LIMIT stays a look at the index for each row with a key; NOT EXISTS
    /// would first collect the keys of all running jobs.
    private static var twinIsIdle: SQL {
        """
        (j.unique_key IS NULL OR (
            SELECT true FROM job.job r
            WHERE r.tenant_id = j.tenant_id AND r.unique_key = j.unique_key AND r.state = 'running' LIMIT 1) IS NULL)
        """
    }
}
