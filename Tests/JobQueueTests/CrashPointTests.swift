import Foundation
import Glibc
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// A job with an effect outside the database, here a line in a file: it happens once or more often, never not at all, and
/// the job's own writes happen exactly once when they complete it.
@Suite("Crashes around an external effect", .serialized)
struct CrashPointTests {
    private struct External: Job {
        static let kind = "test.external"
        static let maxAttempts = 3

        /// Where the process ends itself in the first run; see `Tests/QueueTestWorker`.
        let crash: String
        let file: String
    }

    @Test(arguments: [
        ("nowhere", 1), ("before", 1), ("between", 2), ("after", 2), ("committed", 1),
    ])
    func `The effect happened, and what the job wrote stands once`(_ point: String, _ effects: Int) async throws {
        try await withQueue { queue in
            _ = try await Effects(queue)
            let file = "/tmp/external-\(UUID())"
            defer { for name in [file, file + ".mark"] { unlink(name) } }
            var process = try WorkerProcess(queue.database)
            defer { process.send(SIGKILL) }
            try await queue.enqueue(External(crash: point, file: file))
            if point != "nowhere" {
                #expect(await process.ended() == -SIGKILL)
                process = try WorkerProcess(queue.database)
            }
            try await eventually { try await queue.doneCount() == 1 }
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").count
            #expect(lines == effects)
            #expect(try await queue.superuser("SELECT count(*) FROM public.effect") == 1)
            #expect(try await queue.counts() == [0, 1, 0])
        }
    }

    @Test func `A crash between a job's return and the end that is written for it runs it again, and one end stands`()
        async throws
    {
        try await withQueue { queue in
            let effects = try await Effects(queue)
            let fault = try await WriteFault(queue, code: "58030")
            let first = try WorkerProcess(queue.database)
            defer { first.send(SIGKILL) }
            try await queue.enqueue(Effect(milliseconds: 0))
            // The job has returned, and its end was given to the database and not taken.
            try await eventually { try await fault.count > 0 }
            first.kill9()
            #expect(try await effects.count == 1)
            #expect(try await queue.counts() == [1, 0, 0])
            try await fault.lift()
            let second = try WorkerProcess(queue.database)
            defer { second.send(SIGKILL) }
            try await eventually { try await queue.doneCount() == 1 }
            #expect(try await effects.count == 2)
            #expect(
                try await queue.text("SELECT concat_ws(' ', outcome, attempt, rescues) FROM job.done")
                    == "completed 1 1")
            #expect(try await queue.counts() == [0, 1, 0])
        }
    }

    @Test func `A transaction that rolls back has enqueued nothing`() async throws {
        try await withQueue { queue in
            let statements = try Enqueue.statements(tenant: queue.tenant, jobs: [NewJob(Note())])
            await #expect(throws: Mishap.self) {
                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    _ = try await transaction.pipeline(all: statements)
                    throw Mishap()
                }
            }
            #expect(try await queue.counts() == [0, 0, 0])
        }
    }
}
