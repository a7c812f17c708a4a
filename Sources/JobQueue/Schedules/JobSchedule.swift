public import Foundation
public import Postgres

/// A job that is enqueued by the clock, for one tenant.
///
/// Each fire enqueues the job once, however many workers there are and whatever their clocks say: the database's clock
/// decides, and who moves the schedule on enqueues. Fires that were missed, since no worker ran or the tenant was held,
/// collapse into one. The job should have a unique key, so that a slow one does not pile up.
public struct JobSchedule: Sendable {
    /// Names the schedule within the tenant; 1 to 200 characters.
    public let name: String
    /// When, on the wall clock of the time zone.
    public let cron: CronExpression
    public let timeZone: TimeZone
    /// What is enqueued; its id, time, deadline and batch are not heeded.
    public let job: NewJob
    /// How long after its fire the job may still be started, then it is dead-lettered; `nil` for ever.
    public let startWithin: Duration?

    public init(
        name: String, cron: CronExpression, timeZone: TimeZone, job: NewJob, startWithin: Duration? = nil
    ) {
        self.name = name
        self.cron = cron
        self.timeZone = timeZone
        self.job = job
        self.startWithin = startWithin
    }

    /// Makes the schedule, or changes the one of this name, in a transaction of the tenant. It fires first at the first
    /// time after now that the expression names.
    ///
    /// - Throws: `EncodingError` when the job's parameters cannot be written as JSON.
    public func put(tenant: UUID) throws -> Statement<Void> {
        let row = try EnqueueRow(job)
        return Statement(
            effect: "job.schedule_put",
            """
            INSERT INTO job.schedule AS s (tenant_id, name, cron, time_zone, queue, kind, version, priority, max_attempts,
                cost, unique_key, parameters, start_within)
            VALUES (\(tenant), \(name), \(cron.description), \(timeZone.identifier), \(job.queue), \(row.kind),
                \(row.version), \(row.priority), \(row.maxAttempts), \(row.cost), \(job.storedKey), \(row.parameters),
                make_interval(secs => \(startWithin?.seconds)))
            ON CONFLICT (tenant_id, name) DO UPDATE SET cron = excluded.cron, time_zone = excluded.time_zone,
                queue = excluded.queue, kind = excluded.kind, version = excluded.version, priority = excluded.priority,
                max_attempts = excluded.max_attempts, cost = excluded.cost, unique_key = excluded.unique_key,
                parameters = excluded.parameters, start_within = excluded.start_within,
                -- Worked out anew where the times changed.
                next_at = CASE WHEN s.cron = excluded.cron AND s.time_zone = excluded.time_zone THEN s.next_at
                    ELSE excluded.next_at END
            """)
    }

    /// Removes the schedule; jobs that it has enqueued stay. Its output is whether there was one.
    public static func remove(tenant: UUID, name: String) -> Statement<Bool> {
        Statement<Int>("job.schedule_remove", "DELETE FROM job.schedule WHERE tenant_id = \(tenant) AND name = \(name)")
            .map { $0 == 1 }
    }
}
