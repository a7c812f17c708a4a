import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// What becomes of a batch of outcomes that cannot be written as it is.
@Suite("Flushes", .serialized)
struct FlushTests {
    @Test func `A completion that the database refuses is tried again until it is written`() async throws {
        try await withQueue { queue in
            // An error of the server's, which is nobody's fault.
            let fault = try await WriteFault(queue, code: "58030", most: 3)
            let runs = Log<Int>()
            try await queue.enqueue((0..<5).map { NewJob(Note(number: $0)) })
            try await withWorker(queue.queue, handling { note, _ in runs.add(note.number) }) { worker in
                try await eventually { worker.counts.completed == 5 }
            }
            // Three writes failed, each at its first row.
            #expect(try await fault.count >= 3 + 5)
            #expect(runs.entries.sorted() == [0, 1, 2, 3, 4])
            #expect(try await queue.counts() == [0, 5, 0])
        }
    }

    @Test(arguments: [2, .max])
    func `An error that says not whose fault it is passes, or is in the end the row's that meets it`(
        _ most: Int
    ) async throws {
        try await withQueue { queue in
            let bad = UUID.v7()
            let fault = try await WriteFault(queue, rows: "NEW.id = '\(bad)'", code: "P0001", most: most)
            try await queue.enqueue((0..<99).map { NewJob(Note(number: $0)) } + [NewJob(Note(), id: bad)])
            let dead = most == 2 ? 0 : 1
            try await withWorker(queue.queue, handling { _, _ in }, concurrency: 200) { _ in
                try await eventually { try await queue.counts() == [0, 100 - dead, dead] }
            }
            #expect(try await fault.count > 2)
            #expect(try await queue.number("SELECT count(*) FROM job.dead WHERE reason = 'unwritable'") == dead)
        }
    }

    @Test func `Six hundred jobs that end together are written by 250 at the most, two batches at once`() async throws {
        try await withQueue { queue in
            let gate = Gate()
            try await queue.fill(600)
            try await withWorker(queue.queue, handling { _, _ in await gate.pass() }, concurrency: 1000) { worker in
                try await eventually { worker.counts.claimed == 600 }
                try await Connection.with(queue.database.configuration()) { superuser in
                    try await superuser.withTransaction { held in
                        // So that all have ended before the first batch is written, however long they take for it.
                        try await held.execute(script: "LOCK TABLE job.done IN SHARE MODE", name: "test.hold")
                        gate.open(600)
                        try await eventually { try await queue.waitingForLocks() == 2 }
                    }
                }
                try await eventually { worker.counts.flushed == 600 }
                #expect(worker.counts.largestFlush == OutcomeBuffer.batchSize && OutcomeBuffer.batchSize == 250)
                #expect(worker.counts.flushes >= 3)
            }
            #expect(try await queue.counts() == [0, 600, 0])
        }
    }

    @Test func `A lone completion beside a job that runs long waits 20 ms for others, and is written without any`()
        async throws
    {
        try await withQueue { queue in
            let (gate, starts) = (Gate(), Log<Int>())
            let handlers = handling { note, _ in
                starts.add(note.number)
                if note.number == 1 { await gate.pass() }
            }
            try await queue.enqueue(Note(number: 1))
            try await withWorker(queue.queue, handlers) { worker in
                try await eventually { starts.count == 1 }
                try await queue.enqueue(Note(number: 2))
                try await eventually(within: .seconds(10)) { worker.counts.flushed == 1 }
                #expect(worker.counts.longestFlushLag >= .milliseconds(20))
                #expect(try await queue.counts() == [1, 1, 0])
                gate.open()
            }
        }
    }

    @Test func `A missing partition is made, and the whole batch that met none is written`() async throws {
        try await withQueue { queue in
            try await queue.database.execute(
                """
                DO $$ DECLARE part regclass; BEGIN
                    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'job.done'::regclass LOOP
                        EXECUTE format('DROP TABLE %s', part);
                    END LOOP;
                END $$
                """)
            try await queue.enqueue((0..<100).map { NewJob(Note(number: $0)) })
            let gate = Gate()
            try await withWorker(queue.queue, handling { _, _ in await gate.pass() }, concurrency: 200) { worker in
                try await eventually { worker.counts.claimed == 100 }
                gate.open(100)
                try await eventually { try await queue.doneCount() == 100 }
                #expect(worker.counts.claimed == 100)
            }
            #expect(try await queue.counts() == [0, 100, 0])
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

    @Test func `A row that can be written nowhere keeps no other waiting, is tried seldom, and ends once it can be`()
        async throws
    {
        try await withQueue { queue in
            let bad = UUID.v7()
            let fault = try await WriteFault(
                queue, tables: ["job.done", "job.dead"], rows: "NEW.id = '\(bad)'", code: "22023")
            try await queue.enqueue((0..<99).map { NewJob(Note(number: $0)) } + [NewJob(Note(), id: bad)])
            let gate = Gate()
            let timeToLive = Duration.seconds(1)
            try await withWorker(
                queue.queue, handling { _, _ in await gate.pass() }, concurrency: 200,
                configure: {
                    $0.timeToLive = timeToLive
                    $0.rescueLimit = 1000
                }
            ) { _ in
                // A lease this short may end on a busy machine, and then they are claimed once more.
                try await eventually {
                    try await queue.number("SELECT count(*) FROM job.job WHERE state = 'running'") == 100
                }
                let began = ContinuousClock.now
                gate.open(1000)
                try await eventually { try await queue.doneCount() == 99 }
                // The worker forgets it, finds it once in its time to live, and runs it again.
                try await eventually { try await queue.number("SELECT rescues FROM job.job") >= 2 }
                let attempts = try await fault.count
                let rounds = Int((ContinuousClock.now - began) / timeToLive) + 2
                // Halving the batch met it eight times at the most; a round alone is a completion and a dead letter.
                #expect(attempts <= 8 + 2 * rounds, "\(attempts) in \(rounds) rounds")
                // Who was just refused the completion must not be able to bury the job instead.
                try await fault.lift(butOf: "dead")
                try await eventually { try await queue.counts() == [0, 100, 0] }
            }
        }
    }

    @Test(arguments: [true, false])
    func `A job that goes back beside a twin whose enqueueing has not ended yet keeps no other waiting`(
        _ commits: Bool
    ) async throws {
        try await withQueue { queue in
            let gate = Gate()
            let handlers = handling { note, _ in
                await gate.pass()
                if note.number < 100 { throw JobError.snooze(.seconds(3600)) }
            }
            func snoozed() async throws -> Int {
                try await queue.number("SELECT count(*) FROM job.job WHERE state = 'scheduled'")
            }
            try await queue.enqueue((0..<100).map { NewJob(Note(number: $0, key: $0 == 50 ? "k" : nil)) })
            try await withWorker(queue.queue, handlers, concurrency: 200) { worker in
                try await eventually { worker.counts.claimed == 100 }
                do {
                    try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                        _ = try await transaction.run(
                            Enqueue.statement(tenant: queue.tenant, job: Note(number: 100, key: "k")))
                        gate.open(200)
                        try await eventually { try await snoozed() == 99 }
                        if !commits { throw Mishap() }
                    }
                } catch is Mishap {}
                if commits {
                    try await eventually { try await queue.counts() == [99, 2, 0] }
                } else {
                    try await eventually { try await snoozed() == 100 }
                }
            }
            let outcomes = try await queue.text(
                "SELECT coalesce(string_agg(outcome, ' ' ORDER BY outcome), 'none') FROM job.done")
            #expect(outcomes == (commits ? "completed merged" : "none"))
            #expect(try await queue.counts() == [commits ? 99 : 100, commits ? 2 : 0, 0])
        }
    }
}
