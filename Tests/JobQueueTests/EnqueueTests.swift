import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Enqueueing", .serialized)
struct EnqueueTests {
    @Test func `A job enqueued in a transaction that rolls back never runs`() async throws {
        try await withQueue { queue in
            await #expect(throws: Mishap.self) {
                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    let enqueued = try await transaction.run(
                        Enqueue.statement(tenant: queue.tenant, jobs: [NewJob(Note(number: 1))]))
                    #expect(enqueued == 1)
                    throw Mishap()
                }
            }
            let log = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in log.add(note.number) }) { _ in
                try await queue.enqueue(Note(number: 2))
                try await eventually { log.count > 0 }
            }
            #expect(log.entries == [2])
        }
    }

    @Test func `A tenant cannot enqueue for another one`() async throws {
        try await withQueue { queue in
            let statement = try Enqueue.statement(tenant: queue.otherTenant, job: Note())
            let error = await #expect(throws: PostgresError.self) {
                try await queue.app.pipeline(prelude: [queue.setTenant()], statement)
            }
            #expect(error?.state == .insufficientPrivilege)
        }
    }

    @Test func `A second job with the key of a waiting one merges into it and brings its parameters`() async throws {
        try await withQueue { queue in
            let later = Date(timeIntervalSinceNow: 3600)
            try await queue.enqueue([NewJob(Note(number: 1, key: "k"), runAt: later, priority: 5)])
            try await queue.enqueue([NewJob(Note(number: 2, key: "k"), priority: 7)])
            try await queue.enqueue(Note(number: 9, key: "other"))
            #expect(try await queue.liveCount() == 2)
            let row = try await queue.text(
                """
                SELECT concat_ws(' ', state, priority, parameters ->> 'number') FROM job.job
                WHERE unique_key = 'test.note/k'
                """)
            #expect(row == "ready 5 2")
        }
    }

    @Test func `A waiting retry keeps its backoff when its key is enqueued again`() async throws {
        try await withQueue { queue in
            try await queue.enqueue([NewJob(Note(key: "k"), runAt: Date(timeIntervalSinceNow: 3600))])
            try await queue.run("UPDATE job.job SET attempt = 1")
            try await queue.enqueue(Note(number: 2, key: "k"))
            #expect(try await queue.text("SELECT state || (parameters ->> 'number') FROM job.job") == "scheduled2")
        }
    }

    @Test func `Twelve thousand jobs are enqueued at once and keys repeated among them are one job`() async throws {
        try await withQueue { queue in
            let jobs = (0..<12_000).map { number in
                NewJob(Note(number: number, key: number.isMultiple(of: 2) ? "k\(number % 100)" : nil))
            }
            let enqueued = try await queue.enqueue(jobs)
            #expect(enqueued == 6_050)
            #expect(try await queue.liveCount() == 6_050)
        }
    }
}
