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

    @Test
    func `Jobs that failed together wait apart, up to the base after the first failure and twice that after the next`()
        async throws
    {
        try await withQueue { queue in
            let (gate, starts) = (Gate(), Log<Bool>())
            let handlers = handling { _, _ in
                starts.add(true)
                await gate.pass()
                throw Mishap()
            }
            let (jobs, base) = (30, 100.0)
            try await queue.enqueue((0..<jobs).map { NewJob(Note(number: $0)) })
            try await withWorker(
                queue.queue, handlers, concurrency: 64, configure: { $0.retry = RetryPolicy(base: .seconds(base)) }
            ) { _ in
                for attempt in 1...2 {
                    try await eventually { starts.count == attempt * jobs }
                    // One whose wait is short is not to start again before it was looked at.
                    try await queue.run("INSERT INTO job.paused_queue (queue) VALUES ('default')")
                    let clock = Statement<Date>("test.clock", "SELECT clock_timestamp()", one: { try $0.next() })
                    let failed: Date = try await queue.owner.pipeline(clock)
                    let began = ContinuousClock.now
                    gate.open(jobs)
                    let waits = Statement<[Double]>(
                        "test.waits",
                        """
                        SELECT extract(epoch FROM run_at - \(failed))::float8 FROM job.job
                        WHERE state <> 'running' AND attempt = \(attempt)
                        """, all: { try $0.next() })
                    var found: [Double] = []
                    try await eventually {
                        found = try await queue.owner.pipeline(waits)
                        return found.count == jobs
                    }
                    let ceiling = base * Double(attempt)
                    let slack = (ContinuousClock.now - began) / .seconds(1) + 1
                    #expect(found.allSatisfy { (-1...ceiling + slack).contains($0) }, "\(found)")
                    // One of so many is beyond the half, and one before it, but once in a billion times.
                    #expect(found.contains { $0 > ceiling / 2 } && found.contains { $0 < ceiling / 2 }, "\(found)")
                    #expect(Set(found).count == jobs)
                    try await queue.run("UPDATE job.job SET run_at = now()")
                    try await queue.run("DELETE FROM job.paused_queue")
                }
                gate.open(jobs)
                try await eventually { try await queue.deadCount() == jobs }
            }
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

    enum Return: CaseIterable { case failed, snoozed, rescued, handedBack }

    @Test(arguments: Return.allCases)
    func `A run that does not end its job merges into the twin that waits`(_ how: Return) async throws {
        try await withQueue { queue in
            let starts = Log<Int>()
            let gate = Gate()
            let handlers = handling { note, _ in
                starts.add(note.number)
                guard note.number == 1 else { return }
                guard how != .handedBack else { try await untilCancelled() }
                await gate.pass()
                switch how {
                case .failed: throw Mishap()
                case .snoozed: throw JobError.snooze(.zero)
                case .rescued, .handedBack: break
                }
            }
            func merged() async throws -> Int {
                try await queue.number("SELECT count(*) FROM job.done WHERE outcome = 'merged'")
            }
            try await withWorker(queue.queue, handlers, configure: { $0.gracePeriod = .milliseconds(50) }) { worker in
                try await queue.enqueue(Note(number: 1, key: "k"))
                try await eventually { starts.count == 1 }
                try await queue.enqueue([NewJob(Note(number: 2, key: "k"), runAt: Date(timeIntervalSinceNow: 3600))])
                // As if its worker had died.
                if how == .rescued {
                    try await queue.run("UPDATE job.job SET worker_id = \(UUID.v7()) WHERE attempt = 1")
                }
                if how == .failed || how == .snoozed { gate.open() }
                if how != .handedBack { try await eventually { try await merged() == 1 } }
                gate.open()
                if how == .rescued { try await eventually { worker.counts.fenced == 1 } }
            }
            #expect(try await merged() == 1)
            // The twin has taken over the earlier time.
            try await withWorker(queue.queue, handlers) { _ in
                try await eventually { try await queue.doneCount() == 2 }
            }
            #expect(starts.entries == [1, 2])
            let ends = try await queue.text(
                """
                SELECT string_agg(concat_ws(' ', outcome, attempt, rescues, jsonb_array_length(errors)), ', '
                    ORDER BY outcome)
                FROM job.done
                """)
            #expect(ends == "completed 1 0 0, merged 1 \(how == .rescued ? 1 : 0) \(how == .failed ? 1 : 0)")
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

    @Test func `Jobs of an unknown kind or a newer version stay where they are, and the kind is reported once`()
        async throws
    {
        struct Stranger: Job {
            static let kind = "test.stranger"
        }
        struct Other: Job {
            static let kind = "test.other"
        }
        try await withQueue { queue in
            try await queue.enqueue([NewJob(Stranger()), NewJob(Stranger())])
            try await queue.enqueue(Note(number: 1))
            try await queue.run("UPDATE job.job SET version = 2 WHERE kind = 'test.note'")
            let runs = Log<Int>()
            let log = CapturedLog()
            try await withWorker(queue.queue, handling { note, _ in runs.add(note.number) }, log: log) { _ in
                try await queue.enqueue(Note(number: 2))
                try await eventually { try await queue.doneCount() == 1 }
                try await eventually { log.count(of: Stranger.kind) > 0 }
                // A later look finds both again.
                try await queue.enqueue(Other(), tenant: queue.otherTenant)
                try await eventually { log.count(of: Other.kind) > 0 }
            }
            #expect(log.count(of: Stranger.kind) == 1)
            #expect(runs.entries == [2])
            #expect(try await queue.number("SELECT count(*) FROM job.job WHERE state = 'ready' AND attempt = 0") == 4)
        }
    }

    @Test func `Jobs start in the order of their priority, and those of one priority in the order of their time`()
        async throws
    {
        try await withQueue { queue in
            // The later the number, the earlier the time.
            let jobs = (0..<50).map { number in
                NewJob(
                    Note(number: number), runAt: Date(timeIntervalSinceNow: Double(-number - 1)),
                    priority: number % 5 - 2)
            }
            try await queue.enqueue(jobs.shuffled())
            let starts = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in starts.add(note.number) }, concurrency: 1) { _ in
                try await eventually { starts.count == 50 }
            }
            #expect(starts.entries == (0..<50).sorted { ($0 % 5, -$0) < ($1 % 5, -$1) })
        }
    }
}
