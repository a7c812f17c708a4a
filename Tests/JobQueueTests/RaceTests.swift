import Foundation
import Logging
import Metrics
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Races", .serialized)
struct RaceTests {
    @Test
    func
        `A job that stands elsewhere than its claim left it is completed as well, and what stands there is left alone`()
        async throws
    {
        try await withQueue { queue in
            try await queue.enqueue((0..<3).map { NewJob(Note(number: $0)) })
            var jobs = try await queue.queue.pipeline(queue.claim(3))
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
            let job = try #require(try await queue.queue.pipeline(queue.claim(1)).first)
            // Both know the run; its worker is not registered, so it looks dead.
            let orphans = try await queue.queue.pipeline(WorkerStatements.orphans(limit: 10))
            #expect(orphans.map(\.key) == [job.key])
            #expect(
                try await queue.queue.pipeline(OutcomeStatements.complete([Outcome(key: job.key, verdict: .completed)]))
                    == 1)
            #expect(try await queue.queue.pipeline(OutcomeStatements.giveBack([(job.key, Self.rescue)])) == 0)
            #expect(try await queue.counts() == [0, 1, 0])
        }
    }

    private static let rescue = Outcome.Return(runAt: nil, isUncharged: true, isRescue: true)

    @Test func `Of a completion and a rescue at the same moment one counts, and what is completed stays so`()
        async throws
    {
        try await withQueue { queue in
            let number = 500
            try await queue.enqueue((0..<number).map { NewJob(Note(number: $0)) })
            let verdicts: [Outcome.Verdict] = [
                .returned(Self.rescue), .returned(Outcome.Return(runAt: nil, isUncharged: true)),
                .dead(Outcome.Death(reason: .rescues)),
            ]
            let (completer, rescuer) = (writer(queue), writer(queue))
            while try await queue.liveCount() > 0 {
                let jobs = try await queue.queue.pipeline(queue.claim(.random(in: 1...16)))
                let ends = jobs.map { Outcome(key: $0.key, run: Run($0, RunShare()), verdict: .completed) }
                // One verdict for all: a writer has a statement for each, and only what is first can win a race that the
                // machine runs one after the other.
                let verdict = verdicts.randomElement() ?? verdicts[0]
                let rescues = jobs.map { Outcome(key: $0.key, verdict: verdict) }
                await withDiscardingTaskGroup { group in
                    for (writer, outcomes) in [(completer, ends), (rescuer, rescues)].shuffled() {
                        group.addTask {
                            var rest = outcomes.shuffled()
                            // What the other side has locked for long.
                            while !rest.isEmpty { rest = await writer.write(rest, while: { true }) }
                        }
                    }
                }
                // Each stands in one place, and what each side was told is what stands there.
                let places = try await queue.number(
                    """
                    SELECT count(*) FROM unnest(\(jobs.map(\.key.id))) AS r (id) WHERE 1 =
                        (SELECT count(*) FROM job.job j WHERE j.id = r.id AND j.state <> 'running')
                        + (SELECT count(*) FROM job.done d WHERE d.id = r.id)
                        + (SELECT count(*) FROM job.dead d WHERE d.id = r.id)
                    """)
                #expect(places == jobs.count)
                let (completed, dead) = (completer.counters.snapshot.completed, rescuer.counters.snapshot.dead)
                #expect(try await queue.counts() == [number - completed - dead, completed, dead])
            }
            let counts = try await queue.counts()
            #expect(counts[1] > 0 && counts[2] > 0 && rescuer.counters.snapshot.returned > 0, "\(counts)")
        }
    }

    private func writer(_ queue: QueueFixture) -> OutcomeWriter {
        OutcomeWriter(
            pool: queue.queue, running: RunningJobs(), counters: Counters(QueueMetrics(NOOPMetricsHandler.instance)),
            clock: ServerClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, makePartitions: {})
    }

    @Test
    func `Of two transactions that change a thing and enqueue its recomputation, both changes are seen each time`()
        async throws
    {
        try await withQueue { queue in
            try await queue.database.execute(
                """
                CREATE TABLE public.thing (id int PRIMARY KEY, seen int NOT NULL DEFAULT 0);
                CREATE TABLE public.change (thing int NOT NULL);
                CREATE INDEX ON public.change (thing);
                INSERT INTO public.thing SELECT i FROM generate_series(0, 999) AS i;
                GRANT SELECT, UPDATE ON public.thing TO mehvar_app;
                GRANT SELECT, INSERT ON public.change TO mehvar_app
                """)
            let runs = Log<Int>()
            let handlers = handling { note, _ in
                let changes = try await queue.app.pipeline(
                    Statement<Int>(
                        "test.changes", "SELECT count(*) FROM public.change WHERE thing = \(note.number)",
                        one: { try $0.next() }))
                if Bool.random() { await Task.yield() }
                _ = try await queue.app.pipeline(
                    Statement<Int>(
                        "test.seen",
                        "UPDATE public.thing SET seen = greatest(seen, \(changes)) WHERE id = \(note.number)"))
                runs.add(note.number)
            }
            try await withWorker(queue.queue, handlers) { worker in
                // Each thing has an interleaving of its own; three at a time, so that handlers get connections too.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lane in 0..<3 {
                        group.addTask {
                            for thing in stride(from: lane, to: 1000, by: 3) {
                                try await interleave(queue, thing, worker)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually { try await queue.liveCount() == 0 }
            }
            #expect(try await queue.superuser("SELECT count(*) FROM public.thing WHERE seen = 2") == 1000)
            // Of some both changes were seen by one run, of some by a second one.
            let runsOfThings = Dictionary(runs.entries.map { ($0, 1) }, uniquingKeysWith: +)
            #expect(Set(runsOfThings.values) == [1, 2])
        }
    }

    /// Two transactions that change the thing and enqueue its recomputation, in either order, at about the same moment.
    private func interleave(_ queue: QueueFixture, _ thing: Int, _ worker: Worker) async throws {
        let change = Statement<Int>("test.change", "INSERT INTO public.change VALUES (\(thing))")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                    let enqueue = try Enqueue.statement(
                        tenant: queue.tenant, jobs: [NewJob(Note(number: thing, key: "\(thing)"))])
                    try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                        for statement in [change, enqueue].shuffled() {
                            _ = try await transaction.run(statement)
                            if Bool.random() { await Task.yield() }
                        }
                    }
                    if Bool.random() { worker.wake() }
                }
                // Sometimes one is over before the other begins.
                if Int.random(in: 0..<4) == 0 { try await group.waitForAll() }
            }
            try await group.waitForAll()
        }
    }

    @Test func `A thousand concurrent enqueueings of one key leave one job`() async throws {
        try await withQueue { queue in
            // As many as contend for the row at the same time.
            let app = Pool(queue.database.configuration(user: "mehvar_app", maximumConnections: 50))
            defer { app.close() }
            let ids = try await withThrowingTaskGroup(of: UUID.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        try await app.pipeline(
                            prelude: [queue.setTenant()],
                            Enqueue.statement(tenant: queue.tenant, job: Note(number: number, key: "one")))
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            // Everybody is told which one waits.
            #expect(ids.count == 1)
            #expect(try await queue.counts() == [1, 0, 0])
        }
    }
}
