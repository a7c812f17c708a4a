import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Locks")
struct LockTests {
    @Test func `A job that somebody keeps locked keeps no other from being completed`() async throws {
        try await withQueue { queue in
            try await queue.enqueue((0..<200).map { NewJob(Note(number: $0)) })
            let gate = Gate()
            let handlers = handling { _, _ in await gate.pass() }
            try await withWorker(queue.queue, handlers, concurrency: 400) { worker in
                try await eventually { worker.counts.claimed == 200 }
                try await queue.owner.withTransaction { transaction in
                    _ = try await transaction.run(
                        Statement<Int>("test.lock", "SELECT FROM job.job ORDER BY id LIMIT 1 FOR UPDATE"))
                    gate.open(200)
                    try await eventually { try await queue.doneCount() == 199 }
                }
                try await eventually { try await queue.doneCount() == 200 }
            }
        }
    }

    @Test func `A locked job whose outcome cannot be written is given up in the end, and keeps no other waiting`()
        async throws
    {
        try await withQueue { queue in
            try await queue.run("ALTER TABLE job.done ADD CONSTRAINT bad_row CHECK (unique_key <> 'test.note/bad')")
            try await queue.enqueue((0..<20).map { NewJob(Note(number: $0, key: $0 == 0 ? "bad" : nil)) })
            let gate = Gate()
            try await withWorker(queue.queue, handling { _, _ in await gate.pass() }, concurrency: 40) { worker in
                try await eventually { worker.counts.claimed == 20 }
                try await queue.owner.withTransaction { transaction in
                    _ = try await transaction.run(
                        Statement<Int>("test.lock", "SELECT FROM job.job WHERE unique_key IS NOT NULL FOR UPDATE"))
                    gate.open(20)
                    try await eventually { try await queue.doneCount() == 19 }
                    #expect(try await queue.deadCount() == 0)
                }
                try await eventually { try await queue.counts() == [0, 19, 1] }
            }
            #expect(try await queue.text("SELECT reason FROM job.dead") == "unwritable")
        }
    }

    @Test func `Jobs that were claimed while the lease ended run under the next one alone`() async throws {
        try await withQueue { queue in
            let (begun, stopped, runs) = (Log<Int64>(), Log<Bool>(), Log<Int64>())
            let handlers = handling { note, context in
                guard note.number == 1 else { return runs.add(context.lease) }
                // Only the first run waits to be stopped: on a busy machine its lease may end before the lock, and the next
                // run begin before it notices.
                guard begun.count == 0 else { return }
                begun.add(context.lease)
                do { try await untilCancelled() } catch { stopped.add(true) }
            }
            try await queue.run(
                "INSERT INTO job.tenant_queue (tenant_id, queue, is_paused) VALUES (\(queue.otherTenant), 'default', true)"
            )
            try await queue.enqueue(Note(number: 1))
            try await queue.enqueue(Note(number: 2), tenant: queue.otherTenant)
            try await withWorker(queue.queue, handlers, configure: { $0.timeToLive = .milliseconds(1500) }) { _ in
                try await eventually { begun.count == 1 }
                try await queue.owner.withTransaction { transaction in
                    try await transaction.execute(
                        script: "LOCK TABLE job.worker; LOCK TABLE job.job IN SHARE MODE", name: "lock")
                    // The claim that this leads to waits for the lock.
                    let tenants = Pool(queue.owner.configuration)
                    defer { tenants.close() }
                    _ = try await tenants.pipeline(
                        Statement<Int>("test.resume", "UPDATE job.tenant_queue SET is_paused = false"))
                    try await eventually { stopped.count == 1 }
                }
                try await eventually { try await queue.doneCount() == 2 }
            }
            #expect(runs.count == 1)
        }
    }
}
