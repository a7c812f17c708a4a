import FoundationEssentials
import Postgres

/// A queue of one tenant.
struct TenantQueue: Hashable, Sendable {
    let tenantID: UUID
    let queue: String

    /// A tenant has few queues.
    func hash(into hasher: inout Hasher) { hasher.combine(tenantID) }
}

/// A tenant's queue with work that is ready.
struct ReadyQueue: Sendable, Hashable {
    let place: TenantQueue
    let weight: Int
    /// Whether the tenant has a cap, or the queue a rate.
    var isLimited = false
    /// Tokens a second, where the queue has a rate.
    var rate: Double?
    /// How long until there is a token for it.
    var wait = Duration.zero
    /// Where its first ready job stands.
    var first: ReadyFloors.Position?
}

/// How many jobs to claim from a tenant's queue.
struct Demand: Sendable {
    let place: TenantQueue
    let isLimited: Bool
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
    var condition: SQL {
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
                SELECT j.place FROM unnest(\(tenants)) AS t (tenant_id) CROSS JOIN LATERAL (
                    SELECT j.ctid AS place FROM job.job j
                    WHERE j.tenant_id = t.tenant_id AND j.state = 'scheduled' AND j.run_at <= now()
                    ORDER BY j.run_at LIMIT \(promotionLimit) FOR UPDATE SKIP LOCKED) j
            )
            UPDATE job.job j SET state = 'ready'
            FROM due WHERE j.ctid = due.place
            """)
    }

    /// Tenants and queues with at least one job that could be claimed, or could once there is a token; those that are
    /// paused or at their cap are left out.
    ///
    /// One look at the index for each: LIMIT in LATERAL, for EXISTS would become a join over all ready jobs.
    static func ready(_ claimable: Claimable, after floors: ReadyFloors) -> Statement<[ReadyQueue]> {
        Statement(
            "job.ready",
            """
            SELECT t.tenant_id, q.queue, t.weight, t.max_running IS NOT NULL OR l.rate IS NOT NULL, l.rate,
                coalesce(greatest(0, (1 - least(coalesce(l.burst, greatest(1, l.rate / 20)),
                    l.tokens + l.rate * extract(epoch FROM now() - l.refilled_at))) / l.rate), 0),
                j.priority, j.run_at, j.id
            FROM job.tenant t CROSS JOIN unnest(\(claimable.queues)) AS q (queue)
            LEFT JOIN job.tenant_queue l ON l.tenant_id = t.tenant_id AND l.queue = q.queue
            LEFT JOIN unnest(\(floors.tenants), \(floors.queues), \(floors.priorities), \(floors.runAts), \(floors.ids))
                AS f (tenant_id, queue, priority, run_at, id) ON f.tenant_id = t.tenant_id AND f.queue = q.queue
            CROSS JOIN LATERAL (
                SELECT j.priority, j.run_at, j.id FROM job.job j
                WHERE j.tenant_id = t.tenant_id AND j.queue = q.queue AND j.state = 'ready'
                    AND (j.priority, j.run_at, j.id) >= (coalesce(f.priority, \(ReadyFloors.lowest.priority)),
                        coalesce(f.run_at, \(ReadyFloors.lowest.runAt)), coalesce(f.id, \(ReadyFloors.lowest.id)))
                    AND \(claimable.condition) AND \(twinIsIdle)
                ORDER BY j.priority, j.run_at, j.id LIMIT 1) j
            WHERE NOT t.is_held AND l.is_paused IS NOT TRUE
                AND NOT EXISTS (SELECT FROM job.paused_queue p WHERE p.queue = q.queue)
                AND (t.max_running IS NULL OR t.max_running > (
                    SELECT count(*) FROM (
                        SELECT FROM job.job r WHERE r.tenant_id = t.tenant_id AND r.state = 'running'
                        LIMIT t.max_running) r))
            """,
            all: { row in
                ReadyQueue(
                    place: TenantQueue(tenantID: try row.next(), queue: try row.next()), weight: try row.next(),
                    isLimited: try row.next(), rate: try row.nextIfPresent(),
                    wait: .seconds(min(86_400, try row.next(Double.self))),
                    first: ReadyFloors.Position(priority: try row.next(), runAt: try row.next(), id: try row.next()))
            })
    }

    /// Takes jobs for a worker: those of all tenants without limits in one statement, which would be one for each where
    /// tenants are sharded, and those of the others in one for each.
    static func claim(
        _ demands: [Demand], _ claimable: Claimable, after floors: ReadyFloors, worker: UUID
    ) -> [Statement<[ClaimedJob]>] {
        let limited = demands.filter(\.isLimited).map { demand in
            Statement(
                "job.claim_limited",
                """
                SELECT * FROM job.claim_limited(\(worker), \(claimable.kinds), \(claimable.versions),
                    \(demand.place.tenantID), \(demand.place.queue), \(Int32(clamping: demand.slots)))
                """, all: { try claimedJob(&$0, isLocated: false) })
        }
        let free = demands.filter { !$0.isLimited }
        return free.isEmpty ? limited : [claim(free: free, claimable, after: floors, worker: worker)] + limited
    }

    /// Claimed rows are updated by their places alone: a comparison of keys beside it would offer the planner a walk through
    /// the primary key, which looks cheap to it whenever statistics have seen the table empty.
    private static func claim(
        free demands: [Demand], _ claimable: Claimable, after floors: ReadyFloors, worker: UUID
    ) -> Statement<[ClaimedJob]> {
        let places = demands.map(\.place)
        let starts = places.map { floors[$0] ?? ReadyFloors.lowest }
        return Statement(
            "job.claim",
            """
            WITH candidate AS MATERIALIZED (
                SELECT j.place
                FROM unnest(\(places.map(\.tenantID)), \(places.map(\.queue)), \(demands.map(\.slots)),
                    \(starts.map(\.priority)), \(starts.map(\.runAt)), \(starts.map(\.id)))
                    AS d (tenant_id, queue, slots, priority, run_at, id)
                CROSS JOIN LATERAL (
                    SELECT j.ctid AS place FROM job.job j
                    WHERE j.tenant_id = d.tenant_id AND j.queue = d.queue AND j.state = 'ready'
                        AND (j.priority, j.run_at, j.id) >= (d.priority, d.run_at, d.id)
                        AND \(claimable.condition) AND \(twinIsIdle)
                    ORDER BY j.priority, j.run_at, j.id LIMIT d.slots FOR UPDATE OF j SKIP LOCKED) j
            )
            UPDATE job.job j
            SET state = 'running', lease = j.lease + 1, attempt = j.attempt + 1, worker_id = \(worker),
                started_at = now()
            FROM candidate c WHERE j.ctid = c.place
            RETURNING j.tenant_id, j.id, j.lease, j.queue, j.kind, j.priority, j.run_at, j.attempt, j.max_attempts,
                j.unique_key IS NOT NULL, j.parameters, j.created_at, j.deadline, j.ctid
            """, all: { try claimedJob(&$0, isLocated: true) })
    }

    private static func claimedJob(_ row: inout RowReader, isLocated: Bool) throws -> ClaimedJob {
        ClaimedJob(
            key: RunKey(tenantID: try row.next(), id: try row.next(), lease: try row.next()), queue: try row.next(),
            kind: try row.next(), priority: try row.next(), runAt: try row.next(), attempt: try row.next(),
            maxAttempts: try row.next(), isUnique: try row.next(), parameters: try row.next(),
            enqueuedAt: try row.next(), deadline: try row.nextIfPresent(), location: isLocated ? try row.next() : nil)
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
