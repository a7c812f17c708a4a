import Foundation
import Postgres

/// A schedule whose time has come, or has never been worked out.
struct DueSchedule: Sendable {
    let tenantID: UUID
    let name: String
    let cron: String
    let timeZone: String
    /// The fire that is due; `nil` for a new schedule.
    let fireAt: Date?
    /// The database's clock.
    let now: Date
}

enum ScheduleStatements {
    static let limit = 500

    /// A time that never comes: the expression names none that is near enough.
    static let never = Date(timeIntervalSince1970: 253_370_764_800)  // 9999-01-01

    /// Schedules of tenants that are not held, those that have waited longest first.
    static var due: Statement<[DueSchedule]> {
        Statement(
            "job.schedule_due",
            """
            SELECT s.tenant_id, s.name, s.cron, s.time_zone, nullif(s.next_at, '-infinity'), now()
            FROM job.schedule s JOIN job.tenant t ON t.tenant_id = s.tenant_id
            WHERE NOT s.is_paused AND s.next_at <= now() AND NOT t.is_held
            ORDER BY s.next_at LIMIT \(limit)
            """,
            all: { row in
                try DueSchedule(
                    tenantID: row.next(), name: row.next(), cron: row.next(), timeZone: row.next(),
                    fireAt: row.nextIfPresent(), now: row.next())
            })
    }

    /// Moves a schedule on, and enqueues its job if a fire was due: only the one who finds it as it was. Gives whether it
    /// did.
    static func advance(_ due: DueSchedule, to next: Date, id: UUID) -> Statement<Bool> {
        Statement<Int>(
            "job.schedule_advance",
            """
            WITH fired AS (
                UPDATE job.schedule s SET next_at = \(next), fired_at = coalesce(\(due.fireAt), s.fired_at)
                WHERE s.tenant_id = \(due.tenantID) AND s.name = \(due.name) AND NOT s.is_paused
                    AND s.next_at = coalesce(\(due.fireAt), '-infinity')
                RETURNING s.*
            )
            INSERT INTO job.job AS w (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, cost,
                unique_key, deadline, parameters)
            SELECT tenant_id, \(id), queue, kind, version, priority, 'ready', now(), max_attempts, cost, unique_key,
                \(due.fireAt) + start_within, parameters
            FROM fired WHERE \(due.fireAt) IS NOT NULL
            ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready')
            DO UPDATE SET run_at = least(w.run_at, excluded.run_at), state = 'ready', parameters = excluded.parameters,
                cost = excluded.cost, deadline = excluded.deadline
            """
        ).map { $0 > 0 }
    }

    /// Stops a schedule that cannot fire.
    static func pause(_ due: DueSchedule) -> Statement<Int> {
        Statement(
            "job.schedule_pause",
            "UPDATE job.schedule SET is_paused = true WHERE tenant_id = \(due.tenantID) AND name = \(due.name)")
    }
}
