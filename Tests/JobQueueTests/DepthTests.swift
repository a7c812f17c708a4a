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

    @Test func `A claim takes as long as before and enters the index of ready jobs`() async throws {
        try await withQueue { queue in
            try await fill(queue, ready: 5_000)
            let claim = claim(queue)
            try await expectReadyIndex(queue, claim)
            let before = try await time(queue, claim)
            try await deepen(queue, 1_000_000)
            try await expectReadyIndex(queue, claim)
            let after = try await time(queue, claim)
            // What the machine does beside it is in both; an index that grew with the table would cost many times as much.
            #expect(after < before * 2, "\(before) ms before, \(after) ms after")
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

    /// The median of claims that are undone, in milliseconds.
    private func time(_ queue: QueueFixture, _ claim: Statement<[ClaimedJob]>) async throws -> Double {
        var times: [Double] = []
        for _ in 0..<21 {
            do {
                try await queue.queue.withTransaction { transaction in
                    let began = ContinuousClock.now
                    let jobs = try await transaction.run(claim)
                    times.append((ContinuousClock.now - began) / .milliseconds(1))
                    #expect(jobs.count == 250)
                    throw Undo()
                }
            } catch is Undo {}
        }
        return times.sorted()[times.count / 2]
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
