import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Limits")
struct LimitTests {
    @Test func `A tenant's cap holds over several workers, and other tenants are not held up`() async throws {
        try await withQueue { queue in
            try await queue.run("UPDATE job.tenant SET max_running = 3 WHERE tenant_id = \(queue.tenant)")
            try await queue.enqueue((0..<60).map { NewJob(Note(number: $0)) })
            let most = Log<Int>()
            let others = Log<Int>()
            let handlers = handling { note, context in
                guard context.tenantID == queue.tenant else { return others.add(note.number) }
                most.add(
                    try await queue.number(
                        "SELECT count(*) FROM job.job WHERE tenant_id = \(queue.tenant) AND state = 'running'"))
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await withWorker(queue.queue, handlers) { _ in
                    try await queue.enqueue(Note(number: 1), tenant: queue.otherTenant)
                    try await eventually { others.count == 1 && most.count == 60 }
                }
            }
            #expect(most.entries.max() ?? 0 <= 3)
        }
    }

    @Test func `A rate that somebody keeps locked is passed over, and keeps nobody waiting`() async throws {
        try await withQueue { queue in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (\(queue.tenant), 'default', 50, 10, 10)
                """)
            try await queue.enqueue(Note())
            let demand = Demand(
                place: TenantQueue(tenantID: queue.tenant, queue: "default"), isLimited: true, slots: 1)
            let claim = ClaimStatements.claim(
                [demand], Claimable(queues: ["default"], kinds: [(Note.kind, 1)]), after: ReadyFloors(), worker: .v7())
            try await Connection.with(queue.database.configuration()) { superuser in
                try await superuser.withTransaction { held in
                    try await held.execute(script: "SELECT FROM job.tenant_queue FOR UPDATE", name: "test.hold")
                    #expect(try await queue.queue.pipeline(claim[0]).isEmpty)
                }
            }
            #expect(try await queue.queue.pipeline(claim[0]).count == 1)
        }
    }

    @Test func `A queue's rate is never exceeded over four workers, and its burst may start at once`() async throws {
        try await withQueue { queue in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (\(queue.tenant), 'default', 50, 10, 10)
                """)
            try await queue.enqueue((0..<60).map { NewJob(Note(number: $0)) })
            let began = ContinuousClock.now
            let handlers = handling { _, _ in }
            try await withWorker(queue.queue, handlers) { _ in
                try await withWorker(queue.queue, handlers) { _ in
                    try await withWorker(queue.queue, handlers) { _ in
                        try await withWorker(queue.queue, handlers) { _ in
                            try await eventually { try await queue.doneCount() == 60 }
                        }
                    }
                }
            }
            #expect(ContinuousClock.now - began >= .milliseconds(950))
            // In no window did more start than the burst and what the rate gives for it.
            let excess = try await queue.number(
                """
                SELECT count(*) FROM job.done a JOIN job.done b ON b.started_at >= a.started_at
                    JOIN LATERAL (
                        SELECT count(*) AS n FROM job.done c WHERE c.started_at BETWEEN a.started_at AND b.started_at) w
                    ON w.n > 10 + 1 + 50 * extract(epoch FROM b.started_at - a.started_at) + 1
                """)
            #expect(excess == 0)
        }
    }

    @Test func `A rate without a burst of its own is used to the full, however seldom the worker polls`() async throws {
        try await withQueue { queue in
            try await queue.run(
                "INSERT INTO job.tenant_queue (tenant_id, queue, rate) VALUES (\(queue.tenant), 'default', 100)")
            try await queue.enqueue((0..<50).map { NewJob(Note(number: $0)) })
            let began = ContinuousClock.now
            // The polls alone would take some minutes.
            try await withWorker(queue.queue, handling { _, _ in }, configure: { $0.pollInterval = .seconds(5) }) { _ in
                try await eventually { try await queue.doneCount() == 50 }
            }
            #expect(ContinuousClock.now - began > .milliseconds(400))
        }
    }

    @Test func `A job that costs more than the burst starts when the bucket is full, and its debt is paid first`()
        async throws
    {
        try await withQueue { queue in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (\(queue.tenant), 'default', 100, 10, 0)
                """)
            try await queue.enqueue([
                NewJob(Note(number: 1), priority: 0, cost: 50), NewJob(Note(number: 2), priority: 1, cost: 1),
            ])
            try await withWorker(queue.queue, handling { _, _ in }) { _ in
                try await eventually { try await queue.doneCount() == 2 }
            }
            // 40 tokens of debt and one for the second job, at 100 a second.
            let between = try await queue.number(
                "SELECT floor(1000 * extract(epoch FROM max(started_at) - min(started_at)))::bigint FROM job.done")
            #expect(between >= 410)
        }
    }

    @Test func `Without tokens nothing of the queue is claimed, and the tenant's other queues go on`() async throws {
        struct Mail: Job {
            static let kind = "test.mail"
            static let queue = "mail"
        }
        try await withQueue { queue in
            try await queue.run(
                """
                INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (\(queue.tenant), 'mail', 0.0001, 1, 0)
                """)
            try await queue.enqueue((0..<1000).map { _ in NewJob(Mail()) })
            try await queue.enqueue((0..<20).map { NewJob(Note(number: $0)) })
            let (mails, notes) = (Log<Bool>(), Log<Bool>())
            var handlers = handling { _, _ in notes.add(true) }
            handlers.register(Mail.self) { _, _ in mails.add(true) }
            try await withWorker(queue.queue, handlers) { worker in
                try await eventually { notes.count == 20 }
                #expect(worker.counts.claimed == 20)
            }
            #expect(mails.count == 0)
            #expect(try await queue.number("SELECT sum(attempt)::bigint FROM job.job") == 0)
        }
    }

    @Test func `A paused queue rests for all tenants, or for one`() async throws {
        try await withQueue { queue in
            try await queue.run("INSERT INTO job.paused_queue (queue) VALUES ('default')")
            try await queue.run(
                "INSERT INTO job.tenant_queue (tenant_id, queue, is_paused) VALUES (\(queue.tenant), 'default', true)")
            try await queue.enqueue(Note(number: 1))
            try await queue.enqueue(Note(number: 2), tenant: queue.otherTenant)
            let log = Log<Int>()
            try await withWorker(queue.queue, handling { note, _ in log.add(note.number) }) { _ in
                try await queue.run("DELETE FROM job.paused_queue")
                try await eventually { log.entries == [2] }
                try await queue.run("UPDATE job.tenant_queue SET is_paused = false")
                try await eventually { log.entries == [2, 1] }
            }
        }
    }

    @Test func `A worker runs no more jobs of a queue than it may, and keeps slots for another`() async throws {
        struct Urgent: Job {
            static let kind = "test.urgent"
            static let queue = "interactive"
        }
        try await withQueue { queue in
            let (gate, notes, urgent) = (Gate(), Log<Bool>(), Log<Bool>())
            var handlers = handling { _, _ in
                notes.add(true)
                await gate.pass()
            }
            handlers.register(Urgent.self) { _, _ in urgent.add(true) }
            for tenant in [queue.tenant, queue.otherTenant] {
                try await queue.enqueue((0..<20).map { NewJob(Note(number: $0)) }, tenant: tenant)
            }
            try await withWorker(
                queue.queue, handlers, concurrency: 6, configure: { $0.slots["interactive"] = QueueSlots(reserved: 2) }
            ) { _ in
                try await eventually { notes.count == 4 }
                try await queue.enqueue(Urgent(), tenant: queue.tenant)
                try await eventually { urgent.count == 1 }
                #expect(notes.count == 4)
                gate.open(1000)
                try await eventually { try await queue.doneCount() == 41 }
            }
        }
    }
}
