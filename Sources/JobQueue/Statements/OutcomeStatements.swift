import FoundationEssentials
import Postgres

/// Writes outcomes, many in a statement. Each names its lease: a run that is not the present one changes nothing.
enum OutcomeStatements {
    /// Moves completed jobs to `job.done`; gives how many there were.
    static func complete(_ keys: [RunKey]) -> Statement<Int> {
        Statement(
            "job.complete",
            """
            WITH finished AS (
                DELETE FROM job.job j
                USING unnest(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)))
                    AS o (tenant_id, id, lease)
                WHERE \(fence)
                RETURNING j.*
            )
            INSERT INTO job.done (\(doneColumns))
            SELECT tenant_id, id, queue, kind, version, 'completed', attempt, rescues, lease, unique_key, errors,
                created_at, run_at, started_at
            FROM finished
            """)
    }

    /// Puts jobs back into the queue; gives how many there were.
    ///
    /// A job whose twin waits is archived as `merged` instead, and the twin takes over its time and priority. The twin
    /// cannot be claimed meanwhile, since the job runs. One that is enqueued at the same moment, not yet visible here,
    /// makes the statement fail on `job_waiting_key`; a second try sees it.
    static func giveBack(_ outcomes: [(key: RunKey, back: Outcome.Return)]) -> Statement<Int> {
        let keys = outcomes.map(\.key)
        let back = outcomes.map(\.back)
        return Statement(
            "job.give_back",
            """
            WITH o AS MATERIALIZED (
                SELECT * FROM unnest(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)),
                    \(back.map { $0.runAt == nil ? "ready" : "scheduled" }), \(NullableArray(back.map(\.runAt))),
                    \(back.map { Int32($0.isUncharged ? 1 : 0) }), \(back.map { Int32($0.isRescue ? 1 : 0) }),
                    \(back.map(\.errors))) AS o (tenant_id, id, lease, state, run_at, refund, rescued, errors)
            ), twin AS (
                UPDATE job.job w
                SET run_at = least(w.run_at, coalesce(o.run_at, j.run_at)), priority = least(w.priority, j.priority),
                    state = CASE WHEN w.state = 'ready' THEN w.state ELSE o.state END
                FROM o JOIN job.job j ON \(fence)
                WHERE w.tenant_id = o.tenant_id AND w.tenant_id = j.tenant_id AND w.unique_key = j.unique_key
                    AND w.state IN ('scheduled', 'ready')
                RETURNING j.tenant_id, j.id
            ), merged AS (
                DELETE FROM job.job j USING o, twin
                WHERE \(fence) AND twin.tenant_id = j.tenant_id AND twin.id = j.id
                RETURNING j.*, o.rescued, o.errors AS failure
            ), archived AS (
                INSERT INTO job.done (\(doneColumns))
                SELECT tenant_id, id, queue, kind, version, 'merged', attempt, rescues + rescued, lease, unique_key,
                    errors || failure, created_at, run_at, started_at
                FROM merged
                RETURNING id
            ), returned AS (
                UPDATE job.job j
                SET state = o.state, run_at = coalesce(o.run_at, j.run_at), attempt = j.attempt - o.refund,
                    rescues = j.rescues + o.rescued, worker_id = NULL, started_at = NULL, errors = j.errors || o.errors
                FROM o
                WHERE \(fence) AND NOT EXISTS (
                    SELECT FROM twin WHERE twin.tenant_id = j.tenant_id AND twin.id = j.id)
                RETURNING j.id
            )
            SELECT (SELECT count(*) FROM archived) + (SELECT count(*) FROM returned)
            """, one: { try $0.next() })
    }

    /// Moves jobs to `job.dead`; gives how many there were.
    static func bury(_ outcomes: [(key: RunKey, death: Outcome.Death)]) -> Statement<Int> {
        let keys = outcomes.map(\.key)
        let deaths = outcomes.map(\.death)
        return Statement(
            "job.bury",
            """
            WITH buried AS (
                DELETE FROM job.job j
                USING unnest(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)), \(deaths.map(\.reason)),
                    \(deaths.map { Int32($0.reason == .rescues ? 1 : 0) }), \(deaths.map(\.errors)))
                    AS o (tenant_id, id, lease, reason, rescued, errors)
                WHERE \(fence)
                RETURNING j.*, o.reason, o.rescued, o.errors AS failure
            )
            INSERT INTO job.dead (tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues,
                lease, unique_key, parameters, errors, created_at, run_at)
            SELECT tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues + rescued,
                lease, unique_key, parameters, errors || failure, created_at, run_at
            FROM buried
            """)
    }

    private static var fence: SQL {
        "j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.state = 'running'"
    }

    private static var doneColumns: SQL {
        """
        tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors, created_at, run_at,
        started_at
        """
    }
}
