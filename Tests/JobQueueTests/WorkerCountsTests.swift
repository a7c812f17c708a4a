import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Worker counts")
struct WorkerCountsTests {
    @Test func `Attempts that failed are counted, the last ones too, and none that was put off or never made`()
        async throws
    {
        try await withQueue { queue in
            let snoozes = Log<Bool>()
            let handlers = handling { note, _ in
                switch note.number {
                case 1: throw Mishap()
                case 2: throw JobError.permanent("no")
                case 3 where snoozes.count == 0:
                    snoozes.add(true)
                    throw JobError.snooze(.zero)
                default: break
                }
            }
            var jobs = (1...3).map { NewJob(Note(number: $0)) }
            jobs.append(NewJob(Note(number: 4), deadline: Date(timeIntervalSinceNow: -1)))
            let late = jobs
            try await withWorker(queue.queue, handlers) { worker in
                try await queue.enqueue(late)
                try await eventually { worker.counts.dead == 3 && worker.counts.completed == 1 }
                let counts = worker.counts
                // Three of the first job and one of the second; the third one's snooze went back, as did two failures.
                #expect(counts.failed == 4)
                #expect(counts.returned == 3)
                #expect(counts.claimed == 7)
                #expect(counts.fenced == 0 && counts.rescued == 0)
            }
        }
    }

    @Test func `A job counts as rescued once it was taken back, not when somebody tries`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note())
            try await queue.run("UPDATE job.job SET state = 'running', worker_id = \(UUID.v7()), attempt = 1")
            try await queue.owner.withTransaction { transaction in
                _ = try await transaction.run(Statement<Int>("test.lock", "SELECT FROM job.job FOR UPDATE"))
                let running = RunningWorker(queue.queue, handling { _, _ in })
                try await eventually { try await queue.waitingForLocks() == 1 }
                #expect(running.worker.counts.rescued == 0)
                try await running.stop()
                // What it sent last is not to succeed after all.
                try await eventually { try await queue.waitingForLocks() == 0 }
                #expect(running.worker.counts.rescued == 0)
            }
            try await withWorker(queue.queue, handling { _, _ in }) { worker in
                try await eventually { worker.counts.rescued == 1 && worker.counts.completed == 1 }
                #expect(worker.counts.returned == 1)
            }
        }
    }

    @Test(arguments: [true, false])
    func `A claim that gets nothing counts as empty, as where somebody keeps the tenant's cap or its rate locked`(
        _ isCapped: Bool
    ) async throws {
        try await withQueue { queue in
            try await queue.run("UPDATE job.tenant SET max_running = \(isCapped ? 3 : nil)")
            if !isCapped {
                try await queue.run(
                    """
                    INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                    VALUES (\(queue.tenant), 'default', 50, 10, 10)
                    """)
            }
            let table = isCapped ? "tenant" : "tenant_queue"
            try await withWorker(queue.queue, handling { _, _ in }) { worker in
                try await Connection.with(queue.database.configuration()) { superuser in
                    try await superuser.withTransaction { held in
                        try await held.execute(script: "SELECT FROM job.\(table) FOR NO KEY UPDATE", name: "test.hold")
                        try await queue.enqueue(Note())
                        try await eventually { worker.counts.emptyClaims >= 2 }
                        #expect(worker.counts.claimed == 0)
                    }
                }
                try await eventually { worker.counts.completed == 1 }
                #expect(worker.counts.claimed == 1)
            }
        }
    }

    @Test func `Flushes are told by their number, size and lag`() async throws {
        try await withQueue { queue in
            let gate = Gate()
            try await withWorker(queue.queue, handling { _, _ in await gate.pass() }, concurrency: 200) { worker in
                #expect(worker.counts.meanFlushSize == nil && worker.counts.meanFlushLag == nil)
                try await queue.enqueue((0..<100).map { NewJob(Note(number: $0)) })
                try await eventually { worker.counts.claimed == 100 }
                gate.open(100)
                try await eventually { worker.counts.flushed == 100 }
                let counts = worker.counts
                #expect(counts.completed == 100)
                let (size, lag) = (try #require(counts.meanFlushSize), try #require(counts.meanFlushLag))
                #expect(size == 100 / Double(counts.flushes))
                #expect(Double(counts.largestFlush) >= size && counts.largestFlush <= 100)
                #expect(lag > .zero && counts.longestFlushLag >= lag && counts.flushLag >= counts.longestFlushLag)
            }
        }
    }
}
