import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Races", .serialized)
struct RaceTests {
    @Test func `A thousand concurrent enqueueings of one key leave one job`() async throws {
        try await withQueue { queue in
            let ids = try await withThrowingTaskGroup(of: UUID.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        try await queue.app.pipeline(
                            prelude: [queue.setTenant()],
                            Enqueue.statement(tenant: queue.tenant, job: Note(number: number, key: "one")))
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            // Everybody is told which one waits.
            #expect(ids.count == 1)
            #expect(try await queue.liveCount() == 1)
        }
    }

    @Test func `Of transactions that change a thing and enqueue its recomputation, the last change is always seen`()
        async throws
    {
        try await withQueue { queue in
            try await queue.database.execute(
                """
                CREATE TABLE public.thing (id int PRIMARY KEY, value int NOT NULL, seen int NOT NULL DEFAULT -1);
                INSERT INTO public.thing SELECT i, 0 FROM generate_series(0, 9) AS i;
                GRANT SELECT, UPDATE ON public.thing TO mehvar_app
                """)
            let handlers = handling { note, _ in
                let value = try await queue.app.pipeline(
                    Statement<Int>(
                        "test.value", "SELECT value FROM public.thing WHERE id = \(note.number)", one: { try $0.next() }
                    ))
                if Bool.random() { await Task.yield() }
                _ = try await queue.app.pipeline(
                    Statement<Int>(
                        "test.seen", "UPDATE public.thing SET seen = greatest(seen, \(value)) WHERE id = \(note.number)"
                    ))
            }
            try await withWorker(queue.queue, handlers) { worker in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            for _ in 0..<250 {
                                let thing = Int.random(in: 0..<10)
                                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                                    _ = try await transaction.run(
                                        Statement<Int>(
                                            "test.change",
                                            "UPDATE public.thing SET value = value + 1 WHERE id = \(thing)"))
                                    if task % 2 == 0 { await Task.yield() }
                                    _ = try await transaction.run(
                                        Enqueue.statement(
                                            tenant: queue.tenant, job: Note(number: thing, key: "\(thing)")))
                                    if Bool.random() { await Task.yield() }
                                }
                                if Int.random(in: 0..<10) == 0 { worker.wake() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually { try await queue.liveCount() == 0 }
            }
            #expect(try await queue.superuser("SELECT sum(value)::bigint FROM public.thing") == 1000)
            #expect(try await queue.superuser("SELECT count(*) FROM public.thing WHERE seen <> value") == 0)
        }
    }

    @Test func `Fifty saturated tenants complete about the same number of jobs`() async throws {
        try await withQueue { queue in
            let tenants = (0..<50).map { _ in UUID.v7() }
            for tenant in tenants {
                try await queue.run(
                    "INSERT INTO platform.tenant (id, slug, name) VALUES (\(tenant), 't' || right(\(tenant)::text, 12), 'T')"
                )
                try await queue.run("INSERT INTO job.tenant (tenant_id) VALUES (\(tenant))")
                try await queue.enqueue((0..<300).map { NewJob(Note(number: $0)) }, tenant: tenant)
            }
            let completed = Log<UUID>()
            try await withWorker(queue.queue, handling { completed.add($1.tenantID) }, concurrency: 20) { _ in
                try await eventually { completed.count >= 12_000 }
            }
            // What came later does not count: in the end all tenants have the same number.
            let counts = Dictionary(completed.entries.prefix(12_000).map { ($0, 1.0) }, uniquingKeysWith: +)
            let found = tenants.map { counts[$0] ?? 0 }
            // Jain, Chiu, Hawe, “A Quantitative Measure of Fairness”, 1984.
            let sum = found.reduce(0, +)
            let index = sum * sum / (50 * found.reduce(0) { $0 + $1 * $1 })
            #expect(index >= 0.95, "\(found)")
        }
    }

    @Test func `Backends that are ended all the time end no worker and lose nothing`() async throws {
        try await withQueue { queue in
            try await queue.enqueue((0..<3000).map { NewJob(Note(number: $0)) })
            try await withWorker(queue.queue, handling { _, _ in }) { _ in
                var (done, ended) = (0, 0)
                while done < 3000 {
                    ended += try await queue.superuser(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE datname = current_database() AND usename = 'mehvar_queue'
                        """)
                    let before = done
                    try await eventually {
                        done = try await queue.doneCount()
                        return done >= min(3000, before + 200)
                    }
                }
                #expect(ended > 5)
            }
            #expect(try await queue.counts() == [0, 3000, 0])
        }
    }

    @Test
    func
        `A job that stands elsewhere than its claim left it is completed as well, and what stands there is left alone`()
        async throws
    {
        try await withQueue { queue in
            try await queue.enqueue((0..<3).map { NewJob(Note(number: $0)) })
            let place = TenantQueue(tenantID: queue.tenant, queue: "default")
            let claim = ClaimStatements.claim(
                [Demand(place: place, isLimited: false, slots: 3)],
                Claimable(queues: ["default"], kinds: [(Note.kind, 1)]), after: ReadyFloors(), worker: .v7())
            var jobs = try await queue.queue.pipeline(claim[0])
            #expect(Set(jobs.compactMap(\.location)).count == 3)
            jobs[0].location = jobs[2].location
            try await queue.run("UPDATE job.job SET cancel_requested_at = now() WHERE id = \(jobs[1].key.id)")
            let outcomes = jobs.prefix(2).map { Outcome(key: $0.key, run: Run($0, RunShare()), verdict: .completed) }
            #expect(try await queue.queue.pipeline(OutcomeStatements.complete(outcomes)) == 2)
            #expect(try await queue.counts() == [1, 2, 0])
            #expect(try await queue.text("SELECT id::text FROM job.job") == jobs[2].key.id.uuidString.lowercased())
        }
    }

    @Test func `A completion that came before the rescue stays, and the rescue changes nothing`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note())
            let dead = UUID.v7()
            let place = TenantQueue(tenantID: queue.tenant, queue: "default")
            let claimable = Claimable(queues: ["default"], kinds: [(Note.kind, 1)])
            let claim = ClaimStatements.claim(
                [Demand(place: place, isLimited: false, slots: 1)], claimable, after: ReadyFloors(), worker: dead)
            let job = try #require(try await queue.queue.pipeline(claim[0]).first)
            // Both know the run; its worker is not registered, so it looks dead.
            let orphans = try await queue.queue.pipeline(WorkerStatements.orphans(limit: 10))
            #expect(orphans.map(\.key) == [job.key])
            #expect(
                try await queue.queue.pipeline(OutcomeStatements.complete([Outcome(key: job.key, verdict: .completed)]))
                    == 1)
            let rescue = Outcome.Return(runAt: nil, isUncharged: true, isRescue: true)
            #expect(try await queue.queue.pipeline(OutcomeStatements.giveBack([(job.key, rescue)])) == 0)
            #expect(try await queue.counts() == [0, 1, 0])
        }
    }
}
