import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Faults", .serialized)
struct FaultTests {
    @Test func `A late completion is refused after the job was given to another run`() async throws {
        try await withQueue { queue in
            let starts = Log<Int64>()
            let gate = Gate()
            let handlers = handling { _, context in
                starts.add(context.lease)
                await gate.pass()
            }
            try await withWorker(queue.queue, handlers) { worker in
                try await queue.enqueue(Note())
                try await eventually { starts.count == 1 }
                let other = UUID.v7()
                _ = try await queue.queue.pipeline(
                    WorkerStatements.register(other, replacing: nil, name: "other", timeToLive: .seconds(600)))
                try await queue.run("UPDATE job.job SET lease = lease + 1, worker_id = \(other)")
                gate.open()
                try await eventually { worker.counts.fenced == 1 }
                let lease = try #require(starts.entries.first)
                #expect(
                    try await queue.number("SELECT lease FROM job.job WHERE state = 'running'") == Int(lease) + 1)
                #expect(try await queue.doneCount() == 0)
            }
        }
    }

    @Test func `The jobs of a worker that stopped its heartbeat run again and are not charged`() async throws {
        try await withQueue { queue in
            let dead = UUID.v7()
            try await queue.enqueue([NewJob(Note(number: 1)), NewJob(Note(number: 2, key: "k"))])
            let claimable = Claimable(queues: ["default"], kinds: [(Note.kind, 1)])
            let place = TenantQueue(tenantID: queue.tenant, queue: "default")
            let demand = Demand(place: place, isLimited: false, slots: 10)
            let claim = ClaimStatements.claim([demand], claimable, after: ReadyFloors(), worker: dead)
            let claimed = try await queue.queue.withTransaction { transaction in
                _ = try await transaction.run(
                    WorkerStatements.register(dead, replacing: nil, name: "dead", timeToLive: .milliseconds(50)))
                return try await transaction.pipeline(all: claim)
            }
            #expect(claimed.flatMap { $0 }.count == 2)
            let attempts = Log<Int>()
            try await withWorker(queue.queue, handling { _, context in attempts.add(context.attempt) }) { worker in
                try await eventually { try await queue.doneCount() == 2 }
                try await eventually { worker.counts.rescued == 2 }
            }
            #expect(attempts.entries == [1, 1])
            #expect(try await queue.number("SELECT sum(rescues)::bigint FROM job.done") == 2)
        }
    }

    @Test func `A job that keeps bringing its workers down is dead-lettered`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note())
            try await queue.run(
                "UPDATE job.job SET state = 'running', worker_id = \(UUID.v7()), attempt = 1, lease = 5, rescues = 4")
            try await withWorker(queue.queue, handling { _, _ in }) { _ in
                try await eventually { try await queue.deadCount() == 1 }
            }
            #expect(try await queue.text("SELECT reason || rescues FROM job.dead") == "rescues5")
            #expect(try await queue.liveCount() == 0)
        }
    }

    @Test func `A worker that cannot renew its lease stops its jobs and comes back under a new id`() async throws {
        try await withQueue { queue in
            let runs = Log<Bool>()
            let handlers = handling { _, context in
                guard runs.count == 0 else { return }
                runs.add(true)
                do { try await untilCancelled() } catch { runs.add(context.isCancelled) }
            }
            try await withWorker(queue.queue, handlers, configure: { $0.timeToLive = .milliseconds(500) }) { worker in
                try await queue.enqueue(Note())
                try await eventually { runs.count == 1 }
                let old = try await queue.text("SELECT worker_id::text FROM job.job")
                try await queue.owner.withTransaction { transaction in
                    try await transaction.execute(script: "LOCK TABLE job.worker", name: "lock")
                    try await eventually { runs.count == 2 }
                }
                try await eventually { try await queue.doneCount() == 1 }
                #expect(try await queue.text("SELECT id::text FROM job.worker") != old)
                try await eventually { worker.counts.completed == 1 }
                #expect(runs.entries == [true, true])
            }
            #expect(try await queue.text("SELECT outcome || attempt FROM job.done") == "completed1")
        }
    }

    @Test func `A completion that cannot be written is tried again until it is`() async throws {
        try await withQueue { queue in
            let runs = Log<Int>()
            let gate = Gate()
            let handlers = handling { note, _ in
                await gate.pass()
                runs.add(note.number)
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue((0..<5).map { NewJob(Note(number: $0)) })
                try await eventually {
                    try await queue.number("SELECT count(*) FROM job.job WHERE state = 'running'") == 5
                }
                try await queue.run("REVOKE INSERT ON job.done FROM mehvar_queue")
                gate.open(5)
                try await eventually { runs.count == 5 }
                try await queue.run("GRANT INSERT ON job.done TO mehvar_queue")
                try await eventually { try await queue.doneCount() == 5 }
            }
            #expect(runs.entries.sorted() == [0, 1, 2, 3, 4])
        }
    }

    @Test func `A missing partition is made and the completion written`() async throws {
        try await withQueue { queue in
            try await queue.database.execute(
                """
                DO $$ DECLARE part regclass; BEGIN
                    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'job.done'::regclass LOOP
                        EXECUTE format('DROP TABLE %s', part);
                    END LOOP;
                END $$
                """)
            try await withWorker(queue.queue, handling { _, _ in }) { _ in
                try await queue.enqueue(Note())
                try await eventually { try await queue.doneCount() == 1 }
            }
        }
    }

    @Test func `One row that cannot be written is given up and the rest of its batch completes`() async throws {
        try await withQueue { queue in
            try await queue.run("ALTER TABLE job.done ADD CONSTRAINT bad_row CHECK (unique_key <> 'test.note/bad')")
            let jobs = (0..<100).map { NewJob(Note(number: $0, key: $0 == 50 ? "bad" : nil)) }
            try await withWorker(queue.queue, handling { _, _ in }, concurrency: 100) { _ in
                try await queue.enqueue(jobs)
                try await eventually { try await queue.doneCount() == 99 }
                try await eventually { try await queue.deadCount() == 1 }
            }
            #expect(try await queue.text("SELECT reason || unique_key FROM job.dead") == "unwritabletest.note/bad")
        }
    }

    @Test func `Two workers never run one job twice`() async throws {
        try await withQueue { queue in
            let runs = Log<Int>()
            let handlers = handling { note, _ in runs.add(note.number) }
            try await queue.enqueue((0..<3_000).map { NewJob(Note(number: $0)) })
            let other = RunningWorker(queue.queue, handlers, concurrency: 32)
            try await withWorker(queue.queue, handlers, concurrency: 32) { _ in
                try await eventually { try await queue.doneCount() == 3_000 }
            }
            try await other.stop()
            #expect(runs.entries.sorted() == Array(0..<3_000))
        }
    }

    @Test func `Shutdown waits for jobs that end and hands the others back uncharged`() async throws {
        try await withQueue { queue in
            let starts = Log<Int>()
            let gate = Gate()
            let handlers = handling { note, _ in
                starts.add(note.number)
                if note.number == 1 { await gate.pass() } else { try await untilCancelled() }
            }
            let running = RunningWorker(queue.queue, handlers, configure: { $0.gracePeriod = .milliseconds(300) })
            try await queue.enqueue([NewJob(Note(number: 1)), NewJob(Note(number: 2))])
            try await eventually { starts.count == 2 }
            async let stopped: Void = running.stop()
            gate.open()
            try await stopped
            #expect(try await queue.doneCount() == 1)
            #expect(try await queue.text("SELECT state || attempt || rescues FROM job.job") == "ready00")
            #expect(try await queue.number("SELECT count(*) FROM job.worker") == 0)
        }
    }

    @Test func `A job that ignores its cancellation is handed back and cannot finish later`() async throws {
        try await withQueue { queue in
            let gate = Gate()
            let starts = Log<Int>()
            let ends = Log<Int>()
            let handlers = handling { note, _ in
                starts.add(note.number)
                await gate.pass()
                ends.add(note.number)
            }
            let running = RunningWorker(
                queue.queue, handlers,
                configure: {
                    $0.gracePeriod = .milliseconds(50)
                    $0.cancellationPeriod = .milliseconds(50)
                })
            try await queue.enqueue(Note(number: 1))
            // One that was claimed and not started yet would be handed back at once.
            try await eventually { starts.count == 1 }
            try await running.stop()
            gate.open()
            try await eventually { ends.count == 1 }
            #expect(try await queue.text("SELECT state || attempt FROM job.job") == "ready0")
        }
    }

    @Test func `Backends that are terminated again and again lose nothing`() async throws {
        try await withQueue { queue in
            let runs = Log<Int>()
            try await queue.enqueue((0..<3_000).map { NewJob(Note(number: $0)) })
            let handlers = handling { note, _ in runs.add(note.number) }
            let superuser = Pool(queue.database.configuration())
            defer { superuser.close() }
            let kill = Statement<Int>(
                "test.kill",
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE usename = 'mehvar_queue' AND datname = current_database()
                """, one: { try $0.next() })
            try await withWorker(queue.queue, handlers, concurrency: 16) { _ in
                var killed = 0
                while try await queue.liveCount() > 0 {
                    let before = runs.count
                    killed += try await superuser.pipeline(kill)
                    try await eventually(within: .seconds(30)) {
                        if runs.count >= before + 200 { return true }
                        return try await queue.liveCount() == 0
                    }
                }
                #expect(killed > 5)
            }
            #expect(Set(runs.entries) == Set(0..<3_000))
            #expect(try await queue.doneCount() == 3_000)
            #expect(try await queue.deadCount() == 0)
        }
    }
}
