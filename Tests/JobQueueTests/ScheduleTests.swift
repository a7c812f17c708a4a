import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Schedules")
struct ScheduleTests {
    private static let tehran = TimeZone(identifier: "Asia/Tehran") ?? .gmt

    private func put(
        _ queue: QueueFixture, _ cron: String = "0 9 * * sat-wed", name: String = "daily",
        job: NewJob = NewJob(Note(number: 7)), startWithin: Duration? = nil
    ) async throws {
        let schedule = JobSchedule(
            name: name, cron: try CronExpression(cron), timeZone: Self.tehran, job: job, startWithin: startWithin)
        try await queue.app.pipeline(prelude: [queue.setTenant()], schedule.put(tenant: queue.tenant))
    }

    private func scheduler(_ queue: QueueFixture, _ pool: Pool? = nil) -> Scheduler {
        Scheduler(
            pool: pool ?? queue.queue, interval: .seconds(1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// As if the time of the fire had come.
    private func letTimeCome(_ queue: QueueFixture, _ ago: String = "1 second") async throws {
        try await queue.run("UPDATE job.schedule SET next_at = now() - \(ago)::text::interval")
    }

    @Test func `A new schedule fires first at the next time that its expression names, on its own wall clock`()
        async throws
    {
        try await withQueue { queue in
            try await put(queue)
            #expect(try await scheduler(queue).fire() == 0)
            let next = try await queue.text(
                "SELECT to_char(next_at AT TIME ZONE 'Asia/Tehran', 'HH24:MI') FROM job.schedule WHERE next_at > now()")
            #expect(next == "09:00")
            #expect(try await queue.liveCount() == 0)
        }
    }

    @Test func `Twenty schedulers fire once, and what was missed collapses into one job`() async throws {
        try await withQueue { queue in
            try await put(queue, "*/5 * * * *")
            _ = try await scheduler(queue).fire()
            // Three days of missed fires.
            try await letTimeCome(queue, "3 days")
            let fired = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await scheduler(queue).fire() } }
                return try await group.reduce(0, +)
            }
            #expect(fired == 1)
            #expect(try await queue.liveCount() == 1)
            #expect(try await queue.number("SELECT count(*) FROM job.schedule WHERE next_at > now()") == 1)
            #expect(try await queue.number("SELECT count(*) FROM job.schedule WHERE fired_at IS NOT NULL") == 1)
        }
    }

    @Test func `A worker runs what a schedule enqueues, and the slow job of before is not joined by another`()
        async throws
    {
        try await withQueue { queue in
            let log = Log<Int>()
            try await put(queue, job: NewJob(Note(number: 7, key: "daily")))
            _ = try await scheduler(queue).fire()
            try await queue.run("INSERT INTO job.paused_queue (queue) VALUES ('default')")
            for _ in 0..<3 {
                try await letTimeCome(queue)
                #expect(try await scheduler(queue).fire() == 1)
            }
            #expect(try await queue.liveCount() == 1)
            try await queue.run("DELETE FROM job.paused_queue")
            try await letTimeCome(queue)
            let handlers = handling { note, _ in log.add(note.number) }
            try await withWorker(queue.queue, handlers, configure: { $0.scheduleInterval = .milliseconds(20) }) { _ in
                try await eventually { log.count >= 1 }
                try await eventually { try await queue.liveCount() == 0 }
            }
            #expect(log.entries.allSatisfy { $0 == 7 })
        }
    }

    @Test func `Held tenants and paused schedules do not fire, and one that cannot be read is paused`() async throws {
        try await withQueue { queue in
            try await put(queue)
            _ = try await scheduler(queue).fire()
            try await queue.run("UPDATE job.tenant SET is_held = true")
            try await letTimeCome(queue)
            #expect(try await scheduler(queue).fire() == 0)
            try await queue.run("UPDATE job.tenant SET is_held = false")
            try await queue.run("UPDATE job.schedule SET is_paused = true")
            #expect(try await scheduler(queue).fire() == 0)
            try await queue.run("UPDATE job.schedule SET is_paused = false, cron = 'nonsense'")
            #expect(try await scheduler(queue).fire() == 0)
            #expect(try await queue.number("SELECT count(*) FROM job.schedule WHERE is_paused") == 1)
            #expect(try await queue.liveCount() == 0)
        }
    }

    @Test func `A schedule whose job the database refuses is paused, and those after it fire`() async throws {
        try await withQueue { queue in
            try await queue.run("ALTER TABLE job.job ADD CONSTRAINT no_bad CHECK (unique_key <> 'test.note/bad')")
            try await put(queue, name: "bad", job: NewJob(Note(key: "bad")))
            try await put(queue, name: "good")
            _ = try await scheduler(queue).fire()
            try await letTimeCome(queue)
            try await queue.run("UPDATE job.schedule SET next_at = next_at - interval '1 minute' WHERE name = 'bad'")
            #expect(try await scheduler(queue).fire() == 1)
            #expect(try await queue.text("SELECT name FROM job.schedule WHERE is_paused") == "bad")
        }
    }

    @Test func `A schedule whose waiting job somebody keeps locked fires later, and those after it now`() async throws {
        try await withQueue { queue in
            var configuration = queue.queue.configuration
            configuration.lockTimeout = .milliseconds(50)
            let impatient = Pool(configuration)
            defer { impatient.close() }
            try await put(queue, name: "locked", job: NewJob(Note(key: "k")))
            try await put(queue, name: "free")
            _ = try await scheduler(queue).fire()
            try await queue.enqueue([NewJob(Note(key: "k"), runAt: .distantFuture)])
            try await letTimeCome(queue)
            try await queue.run("UPDATE job.schedule SET next_at = next_at - interval '1 minute' WHERE name = 'locked'")
            try await queue.owner.withTransaction { transaction in
                _ = try await transaction.run(Statement<Int>("test.lock", "SELECT FROM job.job FOR UPDATE"))
                #expect(try await scheduler(queue, impatient).fire() == 1)
            }
            #expect(try await scheduler(queue).fire() == 1)
            #expect(try await queue.number("SELECT count(*) FROM job.job WHERE state = 'ready'") == 2)
        }
    }

    @Test func `The job has the schedule's cost, and its deadline counts from the fire`() async throws {
        try await withQueue { queue in
            try await put(queue, job: NewJob(Note(), cost: 9), startWithin: .seconds(90))
            _ = try await scheduler(queue).fire()
            try await letTimeCome(queue, "30 seconds")
            #expect(try await scheduler(queue).fire() == 1)
            // From the fire, which was 30 seconds ago or a little more.
            #expect(
                try await queue.number(
                    """
                    SELECT count(*) FROM job.job
                    WHERE cost = 9 AND deadline - run_at BETWEEN interval '30 seconds' AND interval '60 seconds'
                    """) == 1)
        }
    }

    @Test func `A changed time is worked out anew, and a removed schedule is gone`() async throws {
        try await withQueue { queue in
            try await put(queue)
            _ = try await scheduler(queue).fire()
            try await put(queue, "30 6 1 * *")
            _ = try await scheduler(queue).fire()
            let next = try await queue.text(
                "SELECT to_char(next_at AT TIME ZONE 'Asia/Tehran', 'DD HH24:MI') FROM job.schedule")
            #expect(next == "01 06:30")
            let remove = JobSchedule.remove(tenant: queue.tenant, name: "daily")
            #expect(try await queue.app.pipeline(prelude: [queue.setTenant()], remove))
            #expect(try await queue.app.pipeline(prelude: [queue.setTenant()], remove) == false)
        }
    }
}
