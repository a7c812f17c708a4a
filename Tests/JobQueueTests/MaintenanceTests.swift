import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Maintenance")
struct MaintenanceTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func maintenance(_ queue: QueueFixture, daysKept: Int = 7) -> Maintenance {
        Maintenance(pool: queue.queue, interval: .seconds(3600), daysKept: daysKept, logger: Self.logger)
    }

    /// Makes partitions of so many days ago.
    private func make(_ ages: [Int], in queue: QueueFixture) async throws {
        let list = ages.map(String.init).joined(separator: ", ")
        try await queue.database.execute(
            """
            SET "TimeZone" = 'UTC';
            SET ROLE mehvar_owner;
            DO $$ DECLARE day date; BEGIN
                FOR day IN SELECT current_date - age FROM unnest(ARRAY[\(list)]) AS age LOOP
                    EXECUTE format('CREATE TABLE job.%I PARTITION OF job.done FOR VALUES FROM (%L) TO (%L)',
                        'done_' || to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
                END LOOP;
            END $$
            """)
    }

    /// The ages of the partitions in days, the oldest first.
    private func ages(_ queue: QueueFixture) async throws -> [Int] {
        try await queue.queue.pipeline(Maintenance.agesToDrop(daysKept: -100))
    }

    private static let ahead = [0, -1, -2, -3, -4, -5, -6, -7]

    @Test func `Partitions are made for today and seven days ahead, those alone that are missing`() async throws {
        try await withQueue { queue in
            #expect(try await ages(queue) == Self.ahead)
            try await queue.database.execute(
                """
                SET "TimeZone" = 'UTC';
                DO $$ DECLARE age integer; BEGIN
                    FOREACH age IN ARRAY ARRAY[0, -3] LOOP
                        EXECUTE format('DROP TABLE job.%I', 'done_' || to_char(current_date - age, 'YYYYMMDD'));
                    END LOOP;
                END $$
                """)
            #expect(try await ages(queue) == [-1, -2, -4, -5, -6, -7])
            #expect(try await maintenance(queue).maintain() == .init(made: 2, dropped: 0, putOff: 0))
            #expect(try await ages(queue) == Self.ahead)
            #expect(try await maintenance(queue).maintain() == .init(made: 0, dropped: 0, putOff: 0))
            // What was made is as closed to the application as what was there.
            let open = try await queue.number(
                """
                SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'job.done'::regclass AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
                """)
            #expect(open == 0)
        }
    }

    @Test func `Days that are older than what is kept go, each in a transaction of its own`() async throws {
        try await withQueue { queue in
            try await queue.database.execute(
                """
                CREATE TABLE public.dropped (name text NOT NULL, xid xid8 NOT NULL);
                CREATE FUNCTION public.note_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                    INSERT INTO public.dropped SELECT object_name, pg_current_xact_id()
                    FROM pg_event_trigger_dropped_objects() WHERE object_type = 'table';
                END $$;
                CREATE EVENT TRIGGER note_drop ON sql_drop EXECUTE FUNCTION public.note_drop()
                """)
            try await make([7, 8, 9, 10, 400], in: queue)
            #expect(try await maintenance(queue).maintain() == .init(made: 0, dropped: 4, putOff: 0))
            #expect(try await ages(queue) == [7] + Self.ahead)
            #expect(try await queue.superuser("SELECT count(DISTINCT xid) FROM public.dropped") == 4)
        }
    }

    @Test func `A worker keeps finished jobs for as many days as it is told`() async throws {
        try await withQueue { queue in
            try await make([1, 2, 3, 4], in: queue)
            try await withWorker(
                queue.queue, handling { _, _ in },
                configure: {
                    $0.maintenanceInterval = .seconds(3600)
                    $0.daysKept = 2
                }
            ) { _ in
                try await eventually { try await ages(queue) == [2, 1] + Self.ahead }
            }
        }
    }

    @Test func `A reader of an old day keeps no job from being completed, and the day goes after him`() async throws {
        try await withQueue { queue in
            try await make([8, 9, 10], in: queue)
            let day = try #require(
                try await queue.text(
                    "SELECT 'job.done_' || to_char((now() AT TIME ZONE 'UTC')::date - 9, 'YYYYMMDD')"))
            try await withWorker(
                queue.queue, handling { _, _ in }, configure: { $0.maintenanceInterval = .milliseconds(500) }
            ) { worker in
                try await queue.owner.withTransaction { transaction in
                    try await transaction.execute(script: "LOCK TABLE ONLY \(day) IN ACCESS SHARE MODE", name: "lock")
                    // The others go meanwhile, the older and the younger one.
                    try await eventually { try await ages(queue) == [9] + Self.ahead }
                    for number in 1...20 {
                        try await queue.enqueue(Note(number: number))
                        try await eventually { worker.counts.completed == number }
                    }
                    // Nothing is put off by a call that finds the worker's at work.
                    try await eventually { try await maintenance(queue).maintain().putOff == 1 }
                }
                try await eventually { try await ages(queue) == Self.ahead }
            }
        }
    }

    @Test func `Any number of workers may do it at once`() async throws {
        try await withQueue { queue in
            try await make(Array(8...20), in: queue)
            let reports = try await withThrowingTaskGroup(of: Maintenance.Report.self) { group in
                for _ in 0..<8 { group.addTask { try await maintenance(queue).maintain() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.map(\.dropped).reduce(0, +) == 13)
            #expect(reports.allSatisfy { $0.made == 0 && $0.putOff == 0 })
            #expect(try await ages(queue) == Self.ahead)
        }
    }
}
