import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Running", .serialized)
struct RunTests {
    @Test func `A key enqueued while its job runs makes one more run, which waits for the first to end`() async throws {
        try await withQueue { queue in
            let starts = Log<Int>()
            let gate = Gate()
            let handlers = handling { note, _ in
                starts.add(note.number)
                if note.key != nil { await gate.pass() }
            }
            try await withWorker(queue.queue, handlers) { worker in
                try await queue.enqueue(Note(number: 1, key: "k"))
                try await eventually { starts.count == 1 }
                try await queue.enqueue(Note(number: 2, key: "k"))
                try await queue.enqueue(Note(number: 3, key: "k"))
                // Whoever comes after the waiting twin overtakes it.
                try await queue.enqueue(Note(number: 4))
                try await eventually { starts.count == 2 }
                #expect(starts.entries == [1, 4])
                gate.open()
                try await eventually { starts.count == 3 }
                #expect(starts.entries == [1, 4, 3])
                gate.open()
                try await eventually { try await queue.doneCount() == 3 }
            }
        }
    }

    @Test func `A failed job is tried again and dead-lettered with every error after its last attempt`() async throws {
        try await withQueue { queue in
            let attempts = Log<Int>()
            let handlers = handling { _, context in
                attempts.add(context.attempt)
                throw JobError.retry(after: .zero, reason: "attempt \(context.attempt) failed")
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note())
                try await eventually { try await queue.deadCount() == 1 }
            }
            #expect(attempts.entries == [1, 2, 3])
            #expect(try await queue.liveCount() == 0)
            let text = try await queue.text(
                """
                SELECT concat_ws(' ', reason, attempt, jsonb_array_length(errors), errors -> 2 ->> 'error')
                FROM job.dead
                """)
            #expect(text == "attempts 3 3 attempt 3 failed")
        }
    }

    @Test func `An error that nobody expected is retried until it passes`() async throws {
        try await withQueue { queue in
            let handlers = handling { _, context in if context.attempt < 3 { throw Mishap() } }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note())
                try await eventually { try await queue.doneCount() == 1 }
            }
            let text = try await queue.text("SELECT outcome || attempt || jsonb_array_length(errors) FROM job.done")
            #expect(text == "completed32")
        }
    }

    @Test func `A permanent failure and parameters that cannot be read are dead-lettered at once`() async throws {
        try await withQueue { queue in
            try await queue.enqueue([NewJob(Note()), NewJob(Note(key: "unreadable"))])
            try await queue.run("UPDATE job.job SET parameters = '[]' WHERE unique_key IS NOT NULL")
            try await withWorker(queue.queue, handling { _, _ in throw JobError.permanent("no such thing") }) { _ in
                try await eventually { try await queue.deadCount() == 2 }
            }
            let dead = try await queue.text("SELECT string_agg(reason || attempt, ' ') FROM job.dead")
            #expect(dead == "permanent1 permanent1")
        }
    }

    @Test func `A snoozed job waits without an attempt being charged`() async throws {
        try await withQueue { queue in
            let runs = Log<Int>()
            let handlers = handling { _, context in
                runs.add(context.attempt)
                if runs.count == 1 { throw JobError.snooze(.seconds(3600)) }
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note())
                try await eventually {
                    let row = try await queue.text(
                        "SELECT state || attempt FROM job.job WHERE run_at > now() + interval '50 minutes'")
                    return row == "scheduled0"
                }
                try await queue.run("UPDATE job.job SET run_at = now()")
                try await eventually { try await queue.doneCount() == 1 }
            }
            #expect(runs.entries == [1, 1])
        }
    }

    @Test func `A failed run merges into its waiting twin instead of being retried`() async throws {
        try await withQueue { queue in
            let starts = Log<Int>()
            let gate = Gate()
            let handlers = handling { note, _ in
                starts.add(note.number)
                await gate.pass()
                if note.number == 1 { throw Mishap() }
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await queue.enqueue(Note(number: 1, key: "k"))
                try await eventually { starts.count == 1 }
                try await queue.enqueue([NewJob(Note(number: 2, key: "k"), runAt: Date(timeIntervalSinceNow: 3600))])
                gate.open(2)
                // The twin takes over the earlier time.
                try await eventually { try await queue.doneCount() == 2 }
            }
            #expect(starts.entries == [1, 2])
            let outcomes = try await queue.text("SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM job.done")
            #expect(outcomes == "completed merged")
        }
    }

    @Test func `A scheduled job runs when it is due and not before`() async throws {
        try await withQueue { queue in
            let runs = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in runs.add(note.number) }) { _ in
                try await queue.enqueue([
                    NewJob(Note(number: 1), runAt: Date(timeIntervalSinceNow: 3600)),
                    NewJob(Note(number: 2), runAt: Date(timeIntervalSinceNow: 0.05)),
                ])
                try await eventually { try await queue.doneCount() == 1 }
            }
            #expect(runs.entries == [2])
        }
    }

    @Test func `Jobs of an unknown kind or a newer version stay where they are`() async throws {
        struct Stranger: Job {
            static let kind = "test.stranger"
        }
        try await withQueue { queue in
            try await queue.enqueue(Stranger())
            try await queue.enqueue(Note(number: 1))
            try await queue.run("UPDATE job.job SET version = 2 WHERE kind = 'test.note'")
            let runs = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in runs.add(note.number) }) { _ in
                try await queue.enqueue(Note(number: 2))
                try await eventually { try await queue.doneCount() == 1 }
            }
            #expect(runs.entries == [2])
            #expect(try await queue.number("SELECT count(*) FROM job.job WHERE state = 'ready' AND attempt = 0") == 2)
        }
    }

    @Test func `Five thousand jobs of one tenant do not delay another tenant's one`() async throws {
        try await withQueue { queue in
            let starts = Log<UUID>()
            let gate = Gate()
            try await queue.enqueue((0..<5_000).map { NewJob(Note(number: $0)) })
            let handlers = handling { _, context in
                starts.add(context.tenantID)
                await gate.pass()
            }
            try await withWorker(queue.queue, handlers, concurrency: 4) { worker in
                try await eventually { starts.count == 3 }
                // None of the running jobs ends, and still there is a slot.
                try await queue.enqueue(Note(), tenant: queue.otherTenant)
                worker.wake()
                try await eventually { starts.entries.last == queue.otherTenant }
                #expect(starts.count == 4)
                gate.open(10_000)
            }
        }
    }
}
