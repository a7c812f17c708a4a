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

    /// Fires what is due; gives the number of jobs that it enqueued.
    func fire() async throws -> Int {
        var jobs = 0
        while true {
            let due = try await pool.pipeline(ScheduleStatements.due)
            for schedule in due { jobs += try await fire(schedule) }
            guard due.count == ScheduleStatements.limit, !Task.isCancelled else { return jobs }
        }
    }

    private func fire(_ due: DueSchedule) async throws -> Int {
        do {
            let cron = try CronExpression(due.cron)
            guard let timeZone = TimeZone(identifier: due.timeZone) else {
                throw CronError(field: "time_zone", detail: "there is no time zone \(due.timeZone)")
            }
            // From now and not from the fire that is due, so that missed ones collapse into this one.
            let next = cron.next(after: due.now, in: timeZone) ?? ScheduleStatements.never
            return try await pool.pipeline(ScheduleStatements.advance(due, to: next, id: .v7()))
        } catch let error as CronError {
            logger.error(
                "a schedule cannot be read and is paused", metadata: ["schedule": "\(due.name)", "error": "\(error)"])
            _ = try await pool.pipeline(ScheduleStatements.pause(due))
            return 0
        }
    }
}
