import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Operating")
struct OperateTests {
    private func all(_ queue: QueueFixture, _ place: JobPlace) async throws -> [JobRecord] {
        try await queue.queue.pipeline(OperateStatements.list(place, JobFilter(), limit: 100))
    }

    @Test func `A waiting job is cancelled at once and never runs`() async throws {
        try await withQueue { queue in
            try await queue.enqueue([NewJob(Note(number: 1)), NewJob(Note(number: 2), runAt: .distantFuture)])
            let waiting = try await all(queue, .ready) + all(queue, .scheduled)
            let (cancelled, asked) = try await queue.queue.pipeline(OperateStatements.cancel(waiting.map(\.id)))
            #expect(cancelled == 2 && asked == 0)
            #expect(try await queue.liveCount() == 0)
            #expect(try await all(queue, .done).map(\.note) == ["cancelled", "cancelled"])
        }
    }

    @Test func `A running job is asked to stop and ends as cancelled, uncharged by any retry`() async throws {
        try await withQueue { queue in
            let starts = Log<Bool>()
            let handlers = handling { _, context in
                starts.add(true)
                do { try await untilCancelled() } catch { throw Mishap() }
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note())
                try await eventually { starts.count == 1 }
                let running = try await all(queue, .running)
                let (cancelled, asked) = try await queue.queue.pipeline(OperateStatements.cancel(running.map(\.id)))
                #expect(cancelled == 0 && asked == 1)
                try await eventually { try await queue.doneCount() == 1 }
            }
            #expect(try await all(queue, .done).map(\.note) == ["cancelled"])
            #expect(starts.count == 1)
        }
    }

    @Test func `A dead job that is retried keeps its errors and its lease goes on`() async throws {
        try await withQueue { queue in
            let attempts = Log<Int64>()
            let handlers = handling { _, context in
                attempts.add(context.lease)
                if attempts.count < 4 { throw Mishap() }
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note(key: "k"))
                try await eventually { try await queue.deadCount() == 1 }
                let dead = try await all(queue, .dead)
                #expect(dead.map(\.note) == ["attempts"])
                #expect(try await queue.queue.pipeline(OperateStatements.retry(dead.map(\.id))) == 1)
                try await eventually { try await queue.doneCount() == 1 }
            }
            let first = try #require(attempts.entries.first)
            #expect(attempts.entries == (0..<4).map { first + $0 })
            #expect(try await queue.number("SELECT jsonb_array_length(errors) FROM job.done") == 3)
            #expect(try await queue.deadCount() == 0)
        }
    }

    @Test func `A job that is not started by its deadline is dead-lettered and never runs`() async throws {
        try await withQueue { queue in
            let log = Log<Int>()
            try await queue.enqueue([
                NewJob(Note(number: 1), deadline: Date(timeIntervalSinceNow: -1)),
                NewJob(Note(number: 2), deadline: Date(timeIntervalSinceNow: 600)),
            ])
            try await withWorker(queue.queue, handling { note, _ in log.add(note.number) }) { _ in
                try await eventually { try await queue.counts() == [0, 1, 1] }
            }
            #expect(log.entries == [2])
            #expect(try await all(queue, .dead).map(\.note) == ["deadline"])
        }
    }

    @Test func `A handler may complete its job in the transaction of its own writes`() async throws {
        try await withQueue { queue in
            try await queue.database.execute(
                "CREATE TABLE public.effect (lease bigint NOT NULL); GRANT INSERT ON public.effect TO mehvar_app")
            let runs = Log<Int64>()
            let handlers = handling { note, context in
                runs.add(context.lease)
                let write = Statement<Int>("test.effect", "INSERT INTO public.effect VALUES (\(context.lease))")
                if note.number == 2, runs.count == 2 {
                    // The job is given to another run meanwhile.
                    try await queue.run("UPDATE job.job SET lease = lease + 1 WHERE state = 'running'")
                }
                _ = try await queue.app.pipeline(
                    prelude: [queue.setTenant()], write, context.completeInTransaction())
            }
            try await withWorker(queue.queue, handlers) { worker in
                try await queue.enqueue(Note(number: 1))
                try await eventually { try await queue.doneCount() == 1 }
                try await queue.enqueue(Note(number: 2))
                try await eventually { worker.counts.fenced == 1 }
                #expect(worker.counts.completed == 1)
            }
            // What the fenced run wrote was undone.
            #expect(try await queue.superuser("SELECT count(*) FROM public.effect") == 1)
            #expect(try await queue.text("SELECT outcome FROM job.done") == "completed")
        }
    }

    @Test func `What the queue keeps of a tenant goes in pieces, and nothing of another`() async throws {
        try await withQueue { queue in
            for tenant in [queue.tenant, queue.otherTenant] {
                try await queue.enqueue((0..<25).map { NewJob(Note(number: $0)) }, tenant: tenant)
            }
            try await withWorker(
                queue.queue, handling { note, _ in if note.number == 3 { throw JobError.permanent("no") } }
            ) { _ in
                try await eventually { try await queue.doneCount() == 48 }
            }
            try await queue.database.execute(
                """
                INSERT INTO job.batch (tenant_id, id, name) SELECT tenant_id, gen_random_uuid(), 'b' FROM job.tenant;
                INSERT INTO job.schedule (tenant_id, name, cron, time_zone, kind, version, queue, priority, max_attempts, parameters)
                    SELECT tenant_id, 's', '@daily', 'UTC', 'k', 1, 'default', 0, 1, '{}' FROM job.tenant;
                INSERT INTO job.tenant_queue (tenant_id, queue, rate) SELECT tenant_id, 'default', 1 FROM job.tenant
                """)
            func rows(_ tenant: UUID) async throws -> [Int] {
                try await queue.owner.pipeline(
                    Statement(
                        "test.rows",
                        """
                        SELECT count(r.tenant_id) FROM (VALUES (0), (1), (2), (3), (4), (5), (6)) AS t (n) LEFT JOIN (
                            SELECT 0 AS n, tenant_id FROM job.job UNION ALL SELECT 1, tenant_id FROM job.done
                            UNION ALL SELECT 2, tenant_id FROM job.dead UNION ALL SELECT 3, tenant_id FROM job.batch
                            UNION ALL SELECT 4, tenant_id FROM job.schedule
                            UNION ALL SELECT 5, tenant_id FROM job.tenant_queue
                            UNION ALL SELECT 6, tenant_id FROM job.tenant) r ON r.n = t.n AND r.tenant_id = \(tenant)
                        GROUP BY t.n ORDER BY t.n
                        """, all: { try $0.next(Int.self) }))
            }
            let ofOther = try await rows(queue.otherTenant)
            #expect(ofOther == [0, 24, 1, 1, 1, 1, 1])
            let platform = Pool(queue.database.configuration(user: "mehvar_platform", maximumConnections: 1))
            defer { platform.close() }
            var calls = 0
            var deleted = 1
            while deleted > 0 {
                deleted = try await platform.pipeline(OperateStatements.forget(tenant: queue.tenant, atMost: 10))
                calls += 1
            }
            #expect(calls == 4)
            #expect(try await rows(queue.tenant).allSatisfy { $0 == 0 })
            #expect(try await rows(queue.otherTenant) == ofOther)
        }
    }

    @Test func `Statistics tell what waits and how long jobs took, also of the worst tenant`() async throws {
        try await withQueue { queue in
            try await queue.enqueue((0..<5).map { NewJob(Note(number: $0)) })
            try await withWorker(queue.queue, handling { _, _ in }) { _ in
                try await eventually { try await queue.doneCount() == 5 }
            }
            try await queue.enqueue([NewJob(Note(number: 9)), NewJob(Note(number: 9), runAt: .distantFuture)])
            _ = try await queue.queue.pipeline(
                OperateStatements.setPaused(true, queue: "default", tenant: queue.otherTenant))
            let found = try await queue.queue.pipeline(QueueStatistics.statement)
            let statistics = try #require(found.first)
            #expect(found.count == 1 && statistics.queue == "default" && !statistics.isPaused)
            #expect(statistics.pausedTenants == 1)
            let paused: [UUID] = try await queue.queue.pipeline(OperateStatements.tenantsPaused(in: "default"))
            #expect(paused == [queue.otherTenant])
            #expect(
                statistics.ready == 1 && statistics.scheduled == 1 && statistics.running == 0 && statistics.done == 5)
            #expect(try #require(statistics.startP99) >= #require(statistics.startP50))
            #expect(statistics.worstTenant == queue.tenant && statistics.oldestReadySeconds ?? -1 >= 0)
        }
    }
}
