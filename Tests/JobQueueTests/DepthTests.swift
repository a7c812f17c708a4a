import Foundation
import TestSupport
import Testing

@testable import JobQueue
@testable import Postgres

/// Beside a million finished jobs and a million whose time has not come, a tenth of them of a better priority.
@Suite("Depth", .serialized, .enabled(if: !TestServer.isPooled))
struct DepthTests {
    private struct Undo: Error {}

    private let claimable = Claimable(queues: ["default"], kinds: [(Note.kind, 1)])

    @Test func `A claim looks at hardly more pages than before and enters the index of ready jobs`() async throws {
        try await withQueue { queue in
            try await fill(queue, ready: 5_000)
            let claim = claim(queue)
            try await expectReadyIndex(queue, claim)
            let before = try await pages(queue, claim)
            try await deepen(queue, 1_000_000)
            try await expectReadyIndex(queue, claim)
            let after = try await pages(queue, claim)
            // Trees of two hundred times the size are a level or two deeper; whatever is stepped over would count in full.
            #expect(after * 2 < before * 3, "\(before) pages before, \(after) after")
        }
    }

    @Test func `Who has ready work is found by the index of ready jobs`() async throws {
        try await withQueue { queue in
            try await fill(queue, ready: 10)
            try await deepen(queue, 10_000)
            let plan = try await plan(queue, ClaimStatements.ready(claimable, after: ReadyFloors()))
            #expect(plan.contains("Scan using job_ready_idx"), "\(plan)")
            #expect(!plan.contains("Seq Scan on job"), "\(plan)")
        }
    }

    private func claim(_ queue: QueueFixture) -> Statement<[ClaimedJob]> {
        let places = [queue.tenant, queue.otherTenant].map { TenantQueue(tenantID: $0, queue: "default") }
        return ClaimStatements.claim(
            places.map { Demand(place: $0, isLimited: false, slots: 125) }, claimable, after: ReadyFloors(),
            worker: .v7())[0]
    }

    private func expectReadyIndex(_ queue: QueueFixture, _ claim: Statement<[ClaimedJob]>) async throws {
        let plan = try await plan(queue, claim)
        #expect(plan.contains("Scan using job_ready_idx"), "\(plan)")
        // The claimed rows are found by their place, not by a walk through the table.
        #expect(plan.contains("Tid Scan on job"), "\(plan)")
        #expect(!plan.contains("Seq Scan on job"), "\(plan)")
    }

    /// The plan as the queue's role has it.
    private func plan<Output>(_ queue: QueueFixture, _ statement: Statement<Output>) async throws -> String {
        let explain = Statement<[String]>(
            "test.explain", "EXPLAIN (COSTS OFF) \(statement.command.sql)", all: { try $0.next() })
        let lines: [String] = try await queue.queue.pipeline(explain)
        return lines.joined(separator: "\n")
    }

    /// How often a claim, which is undone, looks at a page: its cost, whatever else the machine does.
    private func pages(_ queue: QueueFixture, _ claim: Statement<[ClaimedJob]>) async throws -> Int {
        let explain = Statement<[String]>(
            "test.explain", "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) \(claim.command.sql)",
            all: { try $0.next() })
        var lines: [String] = []
        do {
            try await queue.queue.withTransaction { transaction in
                lines = try await transaction.run(explain)
                throw Undo()
            }
        } catch is Undo {}
        // The first one is the whole statement's.
        #expect(lines.first?.contains("rows=250") == true, "\(lines)")
        let buffers = try #require(lines.first { $0.contains("Buffers:") })
        return buffers.matches(of: /(?:hit|read)=([0-9]+)/).compactMap { Int($0.output.1) }.reduce(0, +)
    }

    private func fill(_ queue: QueueFixture, ready count: Int) async throws {
        try await queue.database.execute(
            """
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters)
            SELECT t.tenant_id, gen_random_uuid(), 'default', '\(Note.kind)', 'ready', '{"number": 1}'
            FROM generate_series(1, \(count / 2)), job.tenant t
            """)
        try await queue.database.execute("VACUUM ANALYZE job.job")
    }

    private func deepen(_ queue: QueueFixture, _ count: Int) async throws {
        try await queue.database.execute(
            """
            INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, errors, created_at, run_at)
            SELECT t.tenant_id, gen_random_uuid(), 'default', '\(Note.kind)', 1, 'completed', 1, 0, 1, '[]', now(), now()
            FROM generate_series(1, \(count / 2)), job.tenant t;
            INSERT INTO job.job (tenant_id, id, queue, kind, state, priority, run_at, parameters)
            SELECT t.tenant_id, gen_random_uuid(), 'default', '\(Note.kind)', 'scheduled', CASE WHEN i % 10 = 0 THEN -1 ELSE 0 END,
                now() + interval '1 day' + i * interval '1 second', '{}'
            FROM generate_series(1, \(count / 2)) AS i, job.tenant t
            """)
        try await queue.database.execute("VACUUM ANALYZE job.job")
    }
}
