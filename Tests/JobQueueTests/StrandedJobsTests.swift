import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Jobs that nobody takes")
struct StrandedJobsTests {
    /// What a worker for ``Note`` finds.
    private func stranded(_ queue: QueueFixture) -> StrandedJobs {
        StrandedJobs(
            pool: queue.queue, claimable: Claimable(queues: [Note.queue], kinds: [(Note.kind, Note.version)]))
    }

    /// A job of a queue that the worker does not serve, due for longer than it is patient.
    private func enqueueMail(_ queue: QueueFixture, tenant: UUID? = nil) async throws {
        try await queue.enqueue([NewJob(Note(), queue: "mail")], tenant: tenant)
        try await queue.run("UPDATE job.job SET run_at = now() - interval '2 minutes'")
    }

    @Test func `A kind and a version without code are told once each`() async throws {
        try await withQueue { queue in
            var stranded = stranded(queue)
            try await queue.enqueue(Note())
            #expect(try await stranded.look() == [])
            try await queue.run("UPDATE job.job SET version = 2")
            #expect(try await stranded.look() == [.version(kind: Note.kind, 2)])
            try await queue.enqueue(Note(), tenant: queue.otherTenant)
            try await queue.run(
                "UPDATE job.job SET kind = 'test.unknown' WHERE tenant_id = \(queue.otherTenant)")
            #expect(try await stranded.look() == [.kind("test.unknown")])
            try await queue.run("UPDATE job.job SET version = 3 WHERE kind = 'test.note'")
            #expect(try await stranded.look() == [.version(kind: Note.kind, 3)])
            #expect(try await stranded.look() == [])
        }
    }

    @Test func `A job of a newer version waits for newer code, and keeps no other from being run`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note(number: 1))
            try await queue.run("UPDATE job.job SET version = 2")
            let runs = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in runs.add(note.number) }) { _ in
                try await queue.enqueue(Note(number: 2))
                try await eventually { try await queue.doneCount() == 1 }
            }
            #expect(runs.entries == [2])
            #expect(try await queue.text("SELECT state || version FROM job.job") == "ready2")
        }
    }

    @Test func `A queue that nobody serves is told once, when its first job has waited for long at two looks`()
        async throws
    {
        try await withQueue { queue in
            var stranded = stranded(queue)
            try await queue.enqueue([NewJob(Note(), queue: "mail")])
            for _ in 1...3 { #expect(try await stranded.look() == []) }
            try await enqueueMail(queue, tenant: queue.otherTenant)
            #expect(try await stranded.look() == [])
            #expect(try await stranded.look() == [.queue("mail")])
            #expect(try await stranded.look() == [])
        }
    }

    @Test(
        "A queue that waits for something else than a worker is not told",
        arguments: [
            "INSERT INTO job.paused_queue (queue) VALUES ('mail')",
            "INSERT INTO job.tenant_queue (tenant_id, queue, is_paused) SELECT tenant_id, 'mail', true FROM job.tenant",
            "INSERT INTO job.tenant_queue (tenant_id, queue, rate) SELECT tenant_id, 'mail', 0.0001 FROM job.tenant",
            "UPDATE job.tenant SET is_held = true",
            // Another worker serves it, or the tenant's cap is reached.
            "UPDATE job.job SET queue = 'mail' WHERE state = 'running'",
            "UPDATE job.tenant SET max_running = 1",
        ])
    func waits(for reason: String) async throws {
        try await withQueue { queue in
            try await enqueueMail(queue)
            try await queue.enqueue([NewJob(Note(), queue: "other")])
            try await queue.run(
                "UPDATE job.job SET state = 'running', worker_id = \(UUID.v7()) WHERE queue = 'other'")
            var before = stranded(queue)
            _ = try await before.look()
            #expect(try await before.look() == [.queue("mail")])
            try await queue.database.execute(reason)
            var after = stranded(queue)
            for _ in 1...3 { #expect(try await after.look() == []) }
        }
    }

    @Test func `A queue with a rate is told once its bucket is full`() async throws {
        try await withQueue { queue in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, refilled_at)
                VALUES (\(queue.tenant), 'mail', 0.01, now() - interval '2 minutes')
                """)
            try await enqueueMail(queue)
            var stranded = stranded(queue)
            _ = try await stranded.look()
            #expect(try await stranded.look() == [.queue("mail")])
        }
    }
}
