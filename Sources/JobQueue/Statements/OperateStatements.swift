public import FoundationEssentials
public import Postgres

/// A job of any tenant.
public struct JobReference: Sendable, Hashable {
    public let tenantID: UUID
    public let id: UUID

    public init(tenantID: UUID, id: UUID) {
        self.tenantID = tenantID
        self.id = id
    }
}

/// Where jobs stand: the live ones by their state, and those that have ended.
public enum JobPlace: String, Sendable, CaseIterable {
    case scheduled, ready, running, dead, done
}

/// Which jobs are meant; what is `nil` does not matter.
public struct JobFilter: Sendable {
    public var tenantID: UUID?
    public var queue: String?
    public var kind: String?

    public init(tenantID: UUID? = nil, queue: String? = nil, kind: String? = nil) {
        self.tenantID = tenantID
        self.queue = queue
        self.kind = kind
    }
}

/// A job as operators see it.
public struct JobRecord: Sendable {
    public let id: JobReference
    public let place: JobPlace
    public let queue: String
    public let kind: String
    public let priority: Int
    public let attempt: Int
    /// `nil` once a job has been done.
    public let maxAttempts: Int?
    /// `completed`, `merged` or `cancelled`; why a job is dead; `cancelling` for one that was asked to stop.
    public let note: String?
    public let uniqueKey: String?
    public let batchID: UUID?
    /// `nil` once a job has been done.
    public let parameters: JSONText?
    /// A list of objects with `attempt`, `at` and `error`.
    public let errors: JSONText
    public let createdAt: Date
    /// When it is or was due.
    public let runAt: Date
    public let startedAt: Date?
    public let endedAt: Date?
}

/// What operators do, as `mehvar_queue`. Lists begin with the newest.
public enum OperateStatements {
    /// Jobs of one place.
    public static func list(_ place: JobPlace, _ filter: JobFilter, limit: Int) -> Statement<[JobRecord]> {
        switch place {
        case .scheduled, .ready, .running: live(place, filter, limit)
        case .dead: dead(filter, limit)
        case .done: done(filter, limit)
        }
    }

    /// A job by its id, wherever it stands; several where tenants use the same id.
    public static func find(_ id: UUID) -> Statement<[JobRecord]> {
        Statement(
            "job.find",
            """
            \(liveColumns) WHERE j.id = \(id)
            UNION ALL \(deadColumns) WHERE d.id = \(id)
            UNION ALL \(doneColumns) WHERE d.id = \(id)
            """, all: JobRecord.init(row:))
    }

    /// Cancels jobs: those that wait at once, while those that run are asked to stop.
    public static func cancel(_ jobs: [JobReference]) -> Statement<(cancelled: Int, asked: Int)> {
        Statement(
            "job.cancel", "SELECT cancelled, asked FROM job.cancel(\(jobs.map(\.tenantID)), \(jobs.map(\.id)))",
            one: { row in (try row.next(), try row.next()) })
    }

    /// Puts dead jobs back into the queue, with all their attempts before them; gives how many.
    public static func retry(_ jobs: [JobReference]) -> Statement<Int> {
        Statement(
            "job.retry", "SELECT job.retry(\(jobs.map(\.tenantID)), \(jobs.map(\.id)))", one: { try $0.next() })
    }

    /// Lets nothing of a queue be claimed, or lets it again; of one tenant, or of all.
    public static func setPaused(_ isPaused: Bool, queue: String, tenant: UUID?) -> Statement<Int> {
        if let tenant {
            return Statement(
                "job.pause_tenant_queue",
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, is_paused) VALUES (\(tenant), \(queue), \(isPaused))
                ON CONFLICT (tenant_id, queue) DO UPDATE SET is_paused = excluded.is_paused
                """)
        }
        return isPaused
            ? Statement(
                "job.pause_queue", "INSERT INTO job.paused_queue (queue) VALUES (\(queue)) ON CONFLICT DO NOTHING")
            : Statement("job.resume_queue", "DELETE FROM job.paused_queue WHERE queue = \(queue)")
    }

    /// The tenants for which alone a queue is paused.
    public static func tenantsPaused(in queue: String) -> Statement<[UUID]> {
        Statement(
            "job.paused_tenants", "SELECT tenant_id FROM job.tenant_queue WHERE queue = \(queue) AND is_paused",
            all: { try $0.next() })
    }

    // MARK: Reading

    /// Deletes jobs of a tenant that goes, finished and dead ones too, at most so many of each table; repeated until it
    /// gives 0, with which its limits and schedules have gone as well.
    ///
    /// From the first call on nothing of it is claimed. As `mehvar_platform`, in transactions of their own.
    public static func forget(tenant: UUID, atMost limit: Int = 10_000) -> Statement<Int> {
        Statement(
            "job.forget", "SELECT job.forget(\(tenant), \(Int32(clamping: limit)))", one: { try $0.next() })
    }

    private static func live(_ place: JobPlace, _ filter: JobFilter, _ limit: Int) -> Statement<[JobRecord]> {
        Statement(
            "job.list_live",
            """
            \(liveColumns) WHERE j.state = \(place.rawValue) AND \(condition("j", filter))
            ORDER BY j.created_at DESC LIMIT \(limit)
            """, all: JobRecord.init(row:))
    }

    private static func dead(_ filter: JobFilter, _ limit: Int) -> Statement<[JobRecord]> {
        Statement(
            "job.list_dead",
            "\(deadColumns) WHERE \(condition("d", filter)) ORDER BY d.died_at DESC LIMIT \(limit)",
            all: JobRecord.init(row:))
    }

    private static func done(_ filter: JobFilter, _ limit: Int) -> Statement<[JobRecord]> {
        Statement(
            "job.list_done",
            "\(doneColumns) WHERE \(condition("d", filter)) ORDER BY d.finished_at DESC LIMIT \(limit)",
            all: JobRecord.init(row:))
    }

    private static func condition(_ table: SQL, _ filter: JobFilter) -> SQL {
        """
        (\(filter.tenantID) IS NULL OR \(table).tenant_id = \(filter.tenantID))
            AND (\(filter.queue) IS NULL OR \(table).queue = \(filter.queue))
            AND (\(filter.kind) IS NULL OR \(table).kind = \(filter.kind))
        """
    }

    private static var liveColumns: SQL {
        """
        SELECT j.tenant_id, j.id, j.state, j.queue, j.kind, j.priority, j.attempt, j.max_attempts,
            CASE WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelling' END, j.unique_key, j.batch_id, j.parameters, j.errors,
            j.created_at, j.run_at, j.started_at, NULL::timestamptz
        FROM job.job j
        """
    }

    private static var deadColumns: SQL {
        """
        SELECT d.tenant_id, d.id, 'dead', d.queue, d.kind, d.priority, d.attempt, d.max_attempts, d.reason, d.unique_key,
            d.batch_id, d.parameters, d.errors, d.created_at, d.run_at, NULL::timestamptz, d.died_at
        FROM job.dead d
        """
    }

    private static var doneColumns: SQL {
        """
        SELECT d.tenant_id, d.id, 'done', d.queue, d.kind, 0::smallint, d.attempt, NULL::integer, d.outcome, d.unique_key,
            d.batch_id, NULL::jsonb, d.errors, d.created_at, d.run_at, d.started_at, d.finished_at
        FROM job.done d
        """
    }
}

extension JobRecord {
    init(row: inout RowReader) throws {
        id = JobReference(tenantID: try row.next(), id: try row.next())
        place = JobPlace(rawValue: try row.next()) ?? .done
        queue = try row.next()
        kind = try row.next()
        priority = try row.next()
        attempt = try row.next()
        maxAttempts = try row.nextIfPresent()
        note = try row.nextIfPresent()
        uniqueKey = try row.nextIfPresent()
        batchID = try row.nextIfPresent()
        parameters = try row.nextIfPresent()
        errors = try row.next()
        createdAt = try row.next()
        runAt = try row.next()
        startedAt = try row.nextIfPresent()
        endedAt = try row.nextIfPresent()
    }
}
