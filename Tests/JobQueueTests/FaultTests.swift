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
                    WorkerStatements.register(other, replacing: [], name: "other", timeToLive: .seconds(600)))
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
            let claim = queue.claim(10, worker: dead)
            let claimed = try await queue.queue.withTransaction { transaction in
                _ = try await transaction.run(
                    WorkerStatements.register(dead, replacing: [], name: "dead", timeToLive: .milliseconds(50)))
                return try await transaction.run(claim)
            }
            #expect(claimed.count == 2)
            let attempts = Log<Int>()
            try await withWorker(queue.queue, handling { _, context in attempts.add(context.attempt) }) { worker in
                try await eventually { try await queue.doneCount() == 2 }
                try await eventually { worker.counts.rescued == 2 }
            }
            #expect(attempts.entries == [1, 1])
            #expect(try await queue.number("SELECT sum(rescues)::bigint FROM job.done") == 2)
        }
    }

    @Test func `A worker that is stopped while it registers leaves nothing on the register`() async throws {
        try await withQueue { queue in
            let never = HandlerRegistry()
            for _ in 0..<200 {
                let running = RunningWorker(queue.queue, never)
                // Until any moment of a registration, which takes about a millisecond.
                for _ in 0..<Int.random(in: 0..<300) { await Task.yield() }
                try await running.stop()
                #expect(try await queue.number("SELECT count(*) FROM job.worker") == 0)
            }
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
}
