import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// Schedulers whose sessions have clocks of their own, which a test moves.
@Suite("Schedules and clocks")
struct ScheduleClockTests {
    /// What two schedulers enqueue, one of which is ten minutes ahead, as the UTC times of the fires.
    ///
    /// - Parameters:
    ///   - starts: moments of UTC from which on each is watched.
    ///   - hours: for how long.
    private func fires(of cron: String, from starts: [String], hours: Int) async throws -> [String] {
        try await withQueue { queue in
            try await installClocks(in: queue)
            let pools = ["on time", "ahead"].map { pool(queue, clock: $0) }
            defer { for pool in pools { pool.close() } }
            let schedulers = pools.map { pool in
                Scheduler(
                    pool: pool, interval: .seconds(1), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
            let schedule = JobSchedule(
                name: "daily", cron: try CronExpression(cron),
                timeZone: try #require(TimeZone(identifier: "Europe/Berlin")),
                job: NewJob(Note()), startWithin: .seconds(1))
            try await queue.app.pipeline(prelude: [queue.setTenant()], schedule.put(tenant: queue.tenant))
            var fired = 0
            for start in starts {
                for minute in stride(from: 0, through: hours * 60, by: 10) {
                    try await setClocks(queue, start + " UTC", plus: minute)
                    fired += try await withThrowingTaskGroup(of: Int.self) { group in
                        for scheduler in schedulers.shuffled() { group.addTask { try await scheduler.fire() } }
                        return try await group.reduce(0, +)
                    }
                }
            }
            // The deadline counts from the fire.
            let ticks: [String] = try await queue.owner.pipeline(
                Statement(
                    "test.ticks",
                    """
                    SELECT to_char((deadline - interval '1 second') AT TIME ZONE 'UTC', 'MM-DD HH24:MI') FROM job.job
                    ORDER BY deadline
                    """, all: { try $0.next() }))
            #expect(ticks.count == fired)
            return ticks
        }
    }

    /// A clock for each session, by its name, that stands before the server's own. The name is what PgBouncer hands on.
    private func installClocks(in queue: QueueFixture) async throws {
        try await queue.database.execute(
            """
            CREATE SCHEMA clock;
            CREATE TABLE clock.hand (name text PRIMARY KEY, at timestamptz NOT NULL);
            INSERT INTO clock.hand VALUES ('on time', now()), ('ahead', now());
            CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
                AS $$ SELECT at FROM clock.hand WHERE name = current_setting('application_name') $$;
            GRANT USAGE ON SCHEMA clock TO mehvar_queue;
            GRANT EXECUTE ON FUNCTION clock.now() TO mehvar_queue;
            DO $$
            BEGIN
                EXECUTE format('ALTER ROLE mehvar_queue IN DATABASE %I SET search_path = clock, pg_catalog', current_database());
            END
            $$;
            """)
    }

    private func pool(_ queue: QueueFixture, clock name: String) -> Pool {
        var configuration = queue.database.configuration(user: "mehvar_queue", maximumConnections: 2)
        configuration.applicationName = name
        return Pool(configuration)
    }

    private func setClocks(_ queue: QueueFixture, _ start: String, plus minutes: Int) async throws {
        try await queue.database.run(
            """
            UPDATE clock.hand SET at = \(start)::text::timestamptz
                + make_interval(mins => \(Int32(minutes)) + CASE name WHEN 'ahead' THEN 10 ELSE 0 END)
            """)
    }

    @Test func `Two schedulers ten minutes apart enqueue one job for each time that the clock shows`() async throws {
        let ticks = try await fires(of: "*/15 * * * *", from: ["2027-06-01 00:00"], hours: 6)
        // The first look works the next time out, and the one ahead sees ten minutes more at the end.
        let times = (1...24).map { "06-01 " + String(format: "%02d:%02d", $0 / 4, $0 % 4 * 15) }
        #expect(ticks == times)
    }

    @Test(arguments: [
        // 02:30 is skipped, and the clock goes on at 03:00, which is 01:00 UTC.
        (
            "30 2 * * *", ["2027-03-27 00:00", "2027-03-28 00:00", "2027-03-29 00:00"],
            ["03-27 01:30", "03-28 01:00", "03-29 00:30"]
        ),
        // 02:30 comes twice, and the first time counts.
        (
            "30 2 * * *", ["2027-10-30 00:00", "2027-10-31 00:00", "2027-11-01 00:00"],
            ["10-30 00:30", "10-31 00:30", "11-01 01:30"]
        ),
        // Every hour goes by the time that elapses: 02:00 comes twice, and counts twice.
        ("0 * * * *", ["2027-10-30 23:00"], ["10-31 00:00", "10-31 01:00", "10-31 02:00"]),
    ])
    func `Where the clocks are changed in Berlin, two schedulers enqueue one job for each day, and for each hour`(
        _ cron: String, _ starts: [String], _ fires: [String]
    ) async throws {
        #expect(try await self.fires(of: cron, from: starts, hours: 3) == fires)
    }
}
