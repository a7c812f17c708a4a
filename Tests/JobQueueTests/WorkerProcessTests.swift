import Foundation
import Glibc
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Worker processes", .serialized)
struct WorkerProcessTests {
    private func withProcesses<Result>(
        _ number: Int, _ settings: [String: String] = [:],
        _ body: (QueueFixture, Effects, [WorkerProcess]) async throws -> Result
    ) async throws -> Result {
        try await withQueue { queue in
            let effects = try await Effects(queue)
            let processes = try (0..<number).map { _ in try WorkerProcess(queue.database, settings) }
            defer { for process in processes { process.send(SIGKILL) } }
            return try await body(queue, effects, processes)
        }
    }

    /// The jobs that ran under the name of the one of two workers that is the first to go from the register.
    private func whatTheDeadWorkerHeld(_ queue: QueueFixture) async throws -> Int? {
        let held = Statement<[(UUID, Int)]>(
            "test.held",
            """
            SELECT w.id, (SELECT count(*) FROM job.job j WHERE j.state = 'running' AND j.worker_id = w.id)
            FROM job.worker w
            """, all: { row in (try row.next(), try row.next()) })
        var before: [(UUID, Int)] = []
        var now: [(UUID, Int)] = []
        try await eventually {
            before = now
            now = try await queue.owner.pipeline(held)
            return before.count == 2 && now.count == 1
        }
        return before.first { $0.0 != now[0].0 }?.1
    }

    private func jobs(_ number: Int, milliseconds: Int) -> [NewJob] {
        (0..<number).map { _ in NewJob(Effect(milliseconds: milliseconds)) }
    }

    @Test func `Kill -9 of one of two workers loses no job, and its jobs run within the lease time and five seconds`()
        async throws
    {
        try await withProcesses(2) { queue, effects, processes in
            try await queue.enqueue(jobs(300, milliseconds: 100))
            try await eventually {
                let busy: SQL = "SELECT count(DISTINCT worker_id) FROM job.job WHERE state = 'running'"
                let (both, ran) = (try await queue.superuser(busy) == 2, try await effects.count)
                return both && ran > 50
            }
            let clock = Statement<Date>("test.clock", "SELECT clock_timestamp()", one: { try $0.next() })
            let killed: Date = try await queue.owner.pipeline(clock)
            processes[0].kill9()
            let left = try await whatTheDeadWorkerHeld(queue)
            try await eventually { try await queue.doneCount() == 300 }
            #expect(try await queue.counts() == [0, 300, 0])
            // The lease of the processes lasts for a second.
            let late = try await queue.number(
                "SELECT count(*) FROM job.done WHERE rescues > 0 AND finished_at > \(killed) + interval '6 seconds'")
            #expect(late == 0)
            // Each ran, and none that was completed ran again.
            #expect(try await queue.superuser("SELECT count(DISTINCT job_id) FROM public.effect") == 300)
            // What was rescued is what the dead worker had not finished, and nothing of the other one.
            #expect(try await queue.number("SELECT count(*) FROM job.done WHERE rescues > 0") == left)
            #expect(left ?? 0 > 0)
        }
    }

    /// The jobs take a few seconds in all, so this kills more often than every ten seconds would.
    @Test func `Workers that are killed after every few thousand lose nothing of 50,000 jobs`() async throws {
        try await withProcesses(1, ["WORKER_CONCURRENCY": "32"]) { queue, effects, first in
            let whole = 50_000
            for _ in 0..<10 { try await queue.enqueue(jobs(whole / 10, milliseconds: 0)) }
            var process = first[0]
            var kills = 0
            while try await queue.doneCount() < whole {
                let before = try await queue.doneCount()
                try await eventually { try await queue.doneCount() >= min(whole, before + 3000) }
                guard try await queue.doneCount() < whole else { break }
                process.kill9()
                kills += 1
                process = try WorkerProcess(queue.database, ["WORKER_CONCURRENCY": "32"])
            }
            process.send(SIGKILL)
            #expect(kills >= 5)
            #expect(try await queue.counts() == [0, whole, 0])
            #expect(try await queue.superuser("SELECT count(DISTINCT job_id) FROM public.effect") == whole)
        }
    }

    @Test func `A worker that was frozen past its lease cannot finish what another took over`() async throws {
        try await withProcesses(1) { queue, effects, processes in
            try await queue.enqueue(jobs(1, milliseconds: 700))
            try await eventually { try await effects.count == 1 }
            processes[0].send(SIGSTOP)
            let other = try WorkerProcess(queue.database)
            defer { other.send(SIGKILL) }
            try await eventually { try await effects.count == 2 }
            processes[0].send(SIGCONT)
            try await eventually { try await queue.doneCount() == 1 }
            processes[0].send(SIGTERM)
            #expect(await processes[0].ended() == 0)
            #expect(
                try await queue.superuser(
                    """
                    SELECT count(*) FROM job.done
                    WHERE outcome = 'completed' AND lease = (SELECT min(lease) + 1 FROM public.effect)
                    """) == 1)
            #expect(try await queue.doneCount() == 1)
            #expect(try await queue.liveCount() == 0)
        }
    }

    @Test func `On SIGTERM long jobs are handed back uncharged and the process exits with 0`() async throws {
        try await withProcesses(1, ["WORKER_GRACE_MS": "300"]) { queue, effects, processes in
            try await queue.enqueue(jobs(1, milliseconds: 100) + jobs(3, milliseconds: 600_000))
            try await eventually { try await effects.count == 4 }
            processes[0].send(SIGTERM)
            #expect(await processes[0].ended() == 0)
            #expect(try await queue.doneCount() == 1)
            #expect(
                try await queue.number(
                    "SELECT count(*) FROM job.job WHERE state = 'ready' AND attempt = 0 AND rescues = 0")
                    == 3)
            #expect(try await queue.number("SELECT count(*) FROM job.worker") == 0)
        }
    }

    /// How many workers were seen running jobs until so many are done.
    private func workers(until done: Int, in queue: QueueFixture) async throws -> Int {
        let running = Statement<[UUID]>(
            "test.running", "SELECT worker_id FROM job.job WHERE state = 'running'", all: { try $0.next() })
        var workers: Set<UUID> = []
        try await eventually {
            let found: [UUID] = try await queue.owner.pipeline(running)
            workers.formUnion(found)
            return try await queue.doneCount() == done
        }
        return workers.count
    }

    @Test func `A tenant's cap holds over three processes`() async throws {
        try await withProcesses(3) { queue, _, _ in
            try await queue.run("UPDATE job.tenant SET max_running = 3 WHERE tenant_id = \(queue.tenant)")
            // Each job leaves how many run when it has started.
            try await queue.database.execute(
                """
                CREATE FUNCTION public.running() RETURNS bigint VOLATILE LANGUAGE sql
                    AS $$ SELECT count(*) FROM job.job WHERE state = 'running' $$;
                ALTER TABLE public.effect ADD running bigint DEFAULT public.running();
                """)
            try await eventually { try await queue.number("SELECT count(*) FROM job.worker") == 3 }
            try await queue.enqueue(jobs(90, milliseconds: 30))
            #expect(try await workers(until: 90, in: queue) > 1)
            #expect(try await queue.superuser("SELECT max(running) FROM public.effect") == 3)
        }
    }

    @Test func `A queue's rate is never exceeded over four processes`() async throws {
        try await withProcesses(4) { queue, _, _ in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (\(queue.tenant), 'default', 50, 10, 10)
                """)
            try await eventually { try await queue.number("SELECT count(*) FROM job.worker") == 4 }
            try await queue.enqueue(jobs(80, milliseconds: 20))
            // It holds over several only where several have had some.
            #expect(try await workers(until: 80, in: queue) > 1)
            // In no window did more start than the burst and what the rate gives for it.
            let excess = try await queue.number(
                """
                SELECT count(*) FROM job.done a JOIN job.done b ON b.started_at >= a.started_at
                    JOIN LATERAL (
                        SELECT count(*) AS n FROM job.done c WHERE c.started_at BETWEEN a.started_at AND b.started_at) w
                    ON w.n > 10 + 50 * extract(epoch FROM b.started_at - a.started_at) + 0.01
                """)
            #expect(excess == 0)
        }
    }
}
