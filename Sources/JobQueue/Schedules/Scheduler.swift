import Foundation
import Logging
import Postgres

/// Enqueues the jobs of schedules whose time has come. Every worker has one; of several, one fires each.
struct Scheduler: Sendable {
    let pool: Pool
    let interval: Duration
    let logger: Logger

    /// Works until the task is cancelled.
    func run(onFired: @Sendable () -> Void) async {
        while !Task.isCancelled {
            do {
                if try await fire() > 0 { onFired() }
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot look after schedules", metadata: ["error": "\(error.loggable)"])
            }
            await Signal().wait(atMost: interval.jittered)
        }
    }

    /// Fires what is due; gives the number of jobs that it enqueued. A schedule that cannot be fired now keeps no other
    /// from its turn.
    func fire() async throws -> Int {
        var jobs = 0
        while true {
            let due = try await pool.pipeline(ScheduleStatements.due)
            var moved = 0
            for schedule in due {
                do {
                    if try await fire(schedule) { jobs += 1 }
                    moved += 1
                } catch let error as PostgresError where WriteFailure(error) == .contended && !Task.isCancelled {
                    // Somebody keeps the waiting twin locked: the next look tries again.
                    logger.warning(
                        "a schedule could not be fired",
                        metadata: ["schedule": "\(schedule.name)", "error": "\(error.loggable)"])
                }
            }
            guard due.count == ScheduleStatements.limit, moved > 0, !Task.isCancelled else { return jobs }
        }
    }

    private func fire(_ due: DueSchedule) async throws -> Bool {
        do {
            let cron = try CronExpression(due.cron)
            guard let timeZone = TimeZone(identifier: due.timeZone) else {
                throw CronError(field: "time_zone", detail: "there is no time zone \(due.timeZone)")
            }
            // From now and not from the fire that is due, so that missed ones collapse into this one.
            let next = cron.next(after: due.now, in: timeZone) ?? ScheduleStatements.never
            return try await pool.pipeline(ScheduleStatements.advance(due, to: next, id: .v7()))
        } catch let error as CronError {
            return try await pause(due, "\(error)")
        } catch let error as PostgresError where WriteFailure(error) == .refused {
            return try await pause(due, error.loggable)
        }
    }

    private func pause(_ due: DueSchedule, _ error: String) async throws -> Bool {
        logger.error(
            "a schedule cannot fire and is paused", metadata: ["schedule": "\(due.name)", "error": "\(error)"])
        _ = try await pool.pipeline(ScheduleStatements.pause(due))
        return false
    }
}
