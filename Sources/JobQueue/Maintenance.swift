import FoundationEssentials
import Logging
import Postgres

/// Makes partitions of `job.done` ahead of time, drops old ones, and forgets batches that ended well as long ago; reports
/// tenants that nobody registered. Harmless when several workers do it.
struct Maintenance: Sendable {
    struct Report: Sendable, Equatable {
        let made: Int
        let dropped: Int
        /// Partitions that somebody had locked.
        let putOff: Int
    }

    private static let daysAhead = 7
    /// Days after which nothing is too old.
    private static let forever = 100_000

    let pool: Pool
    let interval: Duration
    let daysKept: Int
    let logger: Logger

    /// Works until the task is cancelled; what could not be done is tried again after a minute.
    func run() async {
        while !Task.isCancelled {
            var pause = interval
            do {
                let report = try await maintain()
                // For itself: partitions are dropped under a lock that everybody meets.
                _ = try await pool.pipeline(Self.forgetBatches(daysKept: daysKept))
                let strangers: [UUID] = try await pool.pipeline(Self.unregisteredTenants)
                for tenant in strangers {
                    logger.error(
                        "jobs wait of a tenant that has no row in job.tenant, so none is run",
                        metadata: ["tenant_id": "\(tenant)"])
                }
                if report.putOff > 0 { pause = min(pause, .seconds(60)) }
                if report != Report(made: 0, dropped: 0, putOff: 0) {
                    logger.info(
                        "partitions of finished jobs",
                        metadata: [
                            "made": "\(report.made)", "dropped": "\(report.dropped)", "put_off": "\(report.putOff)",
                        ])
                }
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot maintain partitions", metadata: ["error": "\(error.loggable)"])
                pause = min(pause, .seconds(60))
            }
            await Signal().wait(atMost: pause.jittered)
        }
    }

    /// Tenants whose jobs no worker sees; at most ten. Steps from tenant to tenant in the primary key.
    static var unregisteredTenants: Statement<[UUID]> {
        Statement(
            "job.unregistered_tenants",
            """
            WITH RECURSIVE place AS (
                (SELECT tenant_id FROM job.job ORDER BY tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT j.tenant_id FROM job.job j WHERE j.tenant_id > p.tenant_id ORDER BY j.tenant_id LIMIT 1)
                FROM place p WHERE p.tenant_id IS NOT NULL
            )
            SELECT p.tenant_id FROM place p
            WHERE p.tenant_id IS NOT NULL AND NOT EXISTS (SELECT FROM job.tenant t WHERE t.tenant_id = p.tenant_id)
            LIMIT 10
            """, all: { try $0.next() })
    }

    /// Makes partitions first, then drops one in a transaction, the oldest first: a drop keeps `job.done` locked until it is
    /// committed, and nobody is to wait there for the next one's lock.
    @discardableResult
    func maintain() async throws -> Report {
        let ages: [Int] = try await pool.pipeline(Self.agesToDrop(daysKept: daysKept))
        var (made, dropped, putOff) = (0, 0, 0)
        for days in [Self.forever] + ages.map({ $0 - 1 }) {
            let report = try await pool.pipeline(Self.statement(daysKept: days))
            // What was put off is tried again by the next call, and counted by the last.
            (made, dropped, putOff) = (made + report.made, dropped + report.dropped, report.putOff)
        }
        return Report(made: made, dropped: dropped, putOff: putOff)
    }

    /// The ages in days of the partitions that are older than that, the oldest first.
    static func agesToDrop(daysKept: Int) -> Statement<[Int]> {
        Statement(
            "job.partition_ages",
            """
            SELECT age FROM (
                SELECT (now() AT TIME ZONE 'UTC')::date - to_date(right(c.relname, 8), 'YYYYMMDD') AS age
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'job.done'::regclass AND c.relname ~ '^done_[0-9]{8}$'
            ) p
            WHERE age > \(Int32(clamping: daysKept)) ORDER BY age DESC
            """, all: { try $0.next() })
    }

    /// Takes away batches that have ended; those with dead jobs stay, since a retry counts in them again.
    static func forgetBatches(daysKept: Int) -> Statement<Int> {
        Statement(
            "job.forget_batches",
            """
            DELETE FROM job.batch b USING (
                SELECT o.tenant_id, o.id FROM job.tenant t CROSS JOIN LATERAL (
                    SELECT o.tenant_id, o.id FROM job.batch o
                    WHERE o.tenant_id = t.tenant_id AND o.failed = 0
                        AND o.ended_at < now() - make_interval(days => \(Int32(clamping: daysKept)))
                    LIMIT 1000 FOR UPDATE SKIP LOCKED) o
            ) o
            WHERE b.tenant_id = o.tenant_id AND b.id = o.id
            """)
    }

    static func statement(daysKept: Int) -> Statement<Report> {
        Statement(
            "job.maintain_partitions",
            """
            SELECT made, dropped, put_off
            FROM job.maintain_partitions(\(Int32(clamping: daysAhead)), \(Int32(clamping: daysKept)))
            """,
            one: { row in Report(made: try row.next(), dropped: try row.next(), putOff: try row.next()) })
    }
}
