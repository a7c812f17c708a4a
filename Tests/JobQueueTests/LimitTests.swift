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
            let claim = queue.claim(1, isLimited: true)
            try await Connection.with(queue.database.configuration()) { superuser in
                try await superuser.withTransaction { held in
                    try await held.execute(script: "SELECT FROM job.tenant_queue FOR UPDATE", name: "test.hold")
                    #expect(try await queue.queue.pipeline(claim).isEmpty)
                }
            }
            #expect(try await queue.queue.pipeline(claim).count == 1)
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

    @Test func `Without tokens nothing of the queue is claimed, and other queues and other tenants go on`() async throws
    {
        struct Mail: Job {
            static let kind = "test.mail"
            static let queue = "mail"
        }
        try await withQueue { queue in
            try await refuseTokens(queue, of: Mail.queue)
            for tenant in [queue.tenant, queue.otherTenant] {
                try await queue.fill(10_000, tenant: tenant, kind: Mail.kind, queue: Mail.queue)
            }
            try await queue.enqueue((0..<20).map { NewJob(Note(number: $0)) })
            let (mails, notes) = (Log<UUID>(), Log<Bool>())
            var handlers = handling { _, _ in notes.add(true) }
            handlers.register(Mail.self) { _, context in mails.add(context.tenantID) }
            try await withWorker(queue.queue, handlers, concurrency: 32) { _ in
                try await eventually { notes.count == 20 && mails.count >= 2_000 }
            }
            #expect(Set(mails.entries) == [queue.otherTenant])
            let untouched = try await queue.number(
                """
                SELECT count(*) FROM job.job
                WHERE tenant_id = \(queue.tenant) AND queue = 'mail' AND state = 'ready' AND attempt = 0
                """)
            #expect(untouched == 10_000)
        }
    }

    @Test func `What a tenant without tokens has waiting costs the looks and claims of others no more pages`()
        async throws
    {
        try await withQueue { queue in
            try await refuseTokens(queue, of: "default")
            try await queue.fill(10_000, tenant: queue.otherTenant)
            try await queue.fill(1)
            let look = ClaimStatements.ready(QueueFixture.claimable, after: ReadyFloors())
            let claim = queue.claim(125, of: [queue.otherTenant])
            func pages() async throws -> Int {
                try await queue.database.execute("VACUUM ANALYZE job.job")
                return try await queue.pages(look, rows: 2) + queue.pages(claim, rows: 125)
            }
            let before = try await pages()
            try await queue.fill(9_999)
            let after = try await pages()
            #expect(after * 2 < before * 3, "\(before) pages before, \(after) after")
            // Who waits for a token is seen, and not claimed.
            let found: [ReadyQueue] = try await queue.queue.pipeline(look)
            #expect(found.filter { $0.wait == .zero }.map(\.place.tenantID) == [queue.otherTenant])
        }
    }

    /// The tenant's queue has no token, nor will it have one while the test runs.
    private func refuseTokens(_ queue: QueueFixture, of name: String) async throws {
        try await queue.run(
            """
            INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
            VALUES (\(queue.tenant), \(name), 0.0001, 1, 0)
            """)
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

    /// From 200 free slots on a claim is made in two halves at once, and each tenant's jobs are in one of them.
    @Test(arguments: [8, 400])
    func `A worker never runs more jobs of a queue than its maximum, however much it claims of another`(
        _ concurrency: Int
    ) async throws {
        struct Bulk: Job {
            static let kind = "test.bulk"
            static let queue = "bulk"
        }
        try await withQueue { queue in
            let (gate, notes, bulk) = (Gate(), Gauge(), Log<Bool>())
            var handlers = handling { _, _ in
                notes.enter()
                await gate.pass()
                notes.leave()
            }
            handlers.register(Bulk.self) { _, _ in bulk.add(true) }
            for tenant in [queue.tenant, queue.otherTenant] {
                try await queue.fill(20, tenant: tenant)
                try await queue.fill(1000, tenant: tenant, kind: Bulk.kind, queue: Bulk.queue)
            }
            try await withWorker(
                queue.queue, handlers, concurrency: concurrency,
                configure: { $0.slots["default"] = QueueSlots(maximum: 3) }
            ) { _ in
                try await eventually { notes.now == 3 && bulk.count == 2000 }
                #expect(notes.most == 3)
                gate.open(1000)
                try await eventually { try await queue.doneCount() == 2040 }
            }
            #expect(notes.most == 3)
        }
    }
}
