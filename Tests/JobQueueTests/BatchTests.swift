import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Batches")
struct BatchTests {
    /// Opens a batch whose last job is note 100, adds the jobs and, unless told otherwise, closes it.
    private func begin(
        _ queue: QueueFixture, _ notes: [Note], maxAttempts: Int? = nil, closes: Bool = true,
        finally: NewJob = NewJob(Note(number: 100))
    ) async throws -> UUID {
        let batch = JobBatch(name: "test", finally: finally)
        let open = try batch.open(tenant: queue.tenant)
        let jobs = notes.map { NewJob($0, maxAttempts: maxAttempts, batchID: batch.id) }
        let enqueue = try Enqueue.statements(tenant: queue.tenant, jobs: jobs)
        try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
            try await transaction.run(open)
            _ = try await transaction.pipeline(all: enqueue)
        }
        if closes { try await close(queue, batch.id) }
        return batch.id
    }

    private func close(_ queue: QueueFixture, _ batch: UUID) async throws {
        try await queue.app.pipeline(prelude: [queue.setTenant()], JobBatch.close(tenant: queue.tenant, batch))
    }

    private func progress(_ queue: QueueFixture, _ batch: UUID) async throws -> BatchProgress {
        let progress: BatchProgress? = try await queue.app.pipeline(
            prelude: [queue.setTenant()], JobBatch.progress(tenant: queue.tenant, batch))
        return try #require(progress)
    }

    @Test func `The last job runs once, when all others have ended, over two workers`() async throws {
        try await withQueue { queue in
            let log = Log<Int>()
            let handlers = handling { note, _ in log.add(note.number) }
            let batch = try await begin(queue, (0..<50).map { Note(number: $0) })
            try await withWorker(queue.queue, handlers) { _ in
                try await withWorker(queue.queue, handlers) { _ in
                    try await eventually { log.entries.contains(100) }
                }
            }
            #expect(log.count == 51 && log.entries.last == 100)
            let progress = try await progress(queue, batch)
            #expect(progress.total == 50 && progress.done == 50 && progress.failed == 0 && progress.endedAt != nil)
        }
    }

    @Test func `An open batch does not end, and a closed one takes no more jobs`() async throws {
        try await withQueue { queue in
            let log = Log<Int>()
            let batch = try await begin(queue, [Note(number: 1)], closes: false)
            try await withWorker(queue.queue, handling { note, _ in log.add(note.number) }) { _ in
                try await eventually { try await queue.doneCount() == 1 }
                #expect(try await progress(queue, batch).endedAt == nil)
                try await close(queue, batch)
                try await close(queue, batch)
                try await eventually { log.entries == [1, 100] }
            }
            let late = try Enqueue.statements(tenant: queue.tenant, jobs: [NewJob(Note(), batchID: batch)])
            let error = await #expect(throws: PostgresError.self) {
                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    try await transaction.pipeline(all: late)
                }
            }
            #expect(error?.state?.rawValue == "JQ002")
            #expect(try await queue.liveCount() == 0)
        }
    }

    @Test func `A dead job counts as failed until it is retried, and then the batch ends anew`() async throws {
        try await withQueue { queue in
            let (log, isBroken) = (Log<Int>(), Log<Bool>())
            let handlers = handling { note, _ in
                if note.number == 2, isBroken.count == 0 { throw Mishap() }
                log.add(note.number)
            }
            let batch = try await begin(queue, [Note(number: 1), Note(number: 2)], maxAttempts: 1)
            try await withWorker(queue.queue, handlers) { _ in
                try await eventually { log.entries.contains(100) }
                let before = try await progress(queue, batch)
                #expect(before.done == 1 && before.failed == 1 && before.endedAt != nil)
                isBroken.add(false)
                let dead = try await queue.queue.pipeline(OperateStatements.list(.dead, JobFilter(), limit: 10))
                let revived = try await queue.queue.pipeline(OperateStatements.retry(dead.map(\.id)))
                #expect(revived == 1)
                try await eventually { log.entries.contains(2) }
                try await eventually { log.entries.filter { $0 == 100 }.count == 2 }
                #expect(try await progress(queue, batch).done == 2)
                #expect(try await progress(queue, batch).failed == 0)
            }
            #expect(log.entries.filter { $0 == 100 }.count == 2)
        }
    }

    @Test func `A last job that dies each time the batch ends is dead as often`() async throws {
        try await withQueue { queue in
            let isBroken = Log<Bool>()
            let handlers = handling { note, _ in
                if note.number == 100 || note.number == 2 && isBroken.count == 0 { throw JobError.permanent("no") }
            }
            _ = try await begin(queue, [Note(number: 1), Note(number: 2)])
            try await withWorker(queue.queue, handlers) { _ in
                try await eventually { try await queue.counts() == [0, 1, 2] }
                isBroken.add(false)
                let failed = try await queue.queue.pipeline(
                    OperateStatements.list(.dead, JobFilter(), limit: 10)
                ).filter { $0.batchID != nil }
                _ = try await queue.queue.pipeline(OperateStatements.retry(failed.map(\.id)))
                try await eventually { try await queue.counts() == [0, 2, 2] }
            }
        }
    }

    @Test func `The last job brings its cost and deadline along, and one that could not be stored is refused at once`()
        async throws
    {
        try await withQueue { queue in
            let deadline = Date(timeIntervalSince1970: 4_000_000_000)
            _ = try await begin(queue, [], finally: NewJob(Note(), deadline: deadline, priority: 100_000, cost: 7))
            #expect(
                try await queue.text(
                    "SELECT concat_ws(',', cost, extract(epoch FROM deadline)::bigint, priority) FROM job.job")
                    == "7,4000000000,32767")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await begin(queue, [], finally: NewJob(Note(), maxAttempts: 0))
            }
            #expect(error?.violates("batch_finally_check") == true)
        }
    }

    @Test func `Batches that ended well are forgotten after the retention, and no others`() async throws {
        try await withQueue { queue in
            let log = Log<Bool>()
            let handlers = handling { note, _ in
                if note.number == 2 { throw JobError.permanent("no") }
                log.add(true)
            }
            let (good, failed) = (try await begin(queue, [Note(number: 1)]), try await begin(queue, [Note(number: 2)]))
            let open = try await begin(queue, [Note(number: 1)], closes: false)
            try await withWorker(queue.queue, handlers, configure: { $0.maintenanceInterval = .milliseconds(50) }) {
                _ in
                try await eventually {
                    try await queue.number("SELECT count(*) FROM job.batch WHERE done + failed > 0") == 3
                }
                #expect(try await progress(queue, good).endedAt != nil)
                try await queue.run("UPDATE job.batch SET ended_at = ended_at - interval '8 days'")
                try await eventually { try await queue.number("SELECT count(*) FROM job.batch") == 2 }
            }
            #expect(try await progress(queue, failed).failed == 1)
            #expect(try await progress(queue, open).isOpen)
        }
    }

    @Test(arguments: [1, 2]) func `A job of a batch has no unique key`(_ number: Int) async throws {
        try await withQueue { queue in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await begin(queue, Array(repeating: Note(number: 1, key: "k"), count: number))
            }
            #expect(error?.violates("job_batch_key_check") == true)
        }
    }
}
