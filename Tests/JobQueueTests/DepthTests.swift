import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// Beside a million finished jobs and a million whose time has not come, a tenth of them of a better priority, and at
/// the head of half a million that are ready.
@Suite("Depth", .serialized)
struct DepthTests {
    @Test func `A look and a claim touch hardly more pages than before, and the claim enters the index of ready jobs`()
        async throws
    {
        try await withQueue { queue in
            let look = ClaimStatements.ready(QueueFixture.claimable, after: ReadyFloors())
            let claim = queue.claim(125, of: [queue.tenant, queue.otherTenant])
            func pages() async throws -> (look: Int, claim: Int) {
                try await expectReadyIndex(queue, claim)
                return (try await queue.pages(look, rows: 2), try await queue.pages(claim, rows: 250))
            }
            try await fill(queue, ready: 5_000)
            let before = try await pages()
            // Trees of hundreds of times the size are a level or two deeper; what is stepped over would count in full.
            func expectHardlyMore(_ after: (look: Int, claim: Int)) {
                #expect(after.look <= before.look + 12, "\(before.look) pages before, \(after.look) after")
                #expect(after.claim * 2 < before.claim * 3, "\(before.claim) pages before, \(after.claim) after")
            }
            try await deepen(queue, 1_000_000)
            expectHardlyMore(try await pages())
            try await fill(queue, ready: 495_000)
            expectHardlyMore(try await pages())
        }
    }

    @Test func `Who has ready work is found by the index of ready jobs`() async throws {
        try await withQueue { queue in
            try await fill(queue, ready: 10)
            try await deepen(queue, 10_000)
            let plan = try await queue.plan(ClaimStatements.ready(QueueFixture.claimable, after: ReadyFloors()))
            #expect(plan.contains("Scan using job_ready_idx"), "\(plan)")
            #expect(!plan.contains("Seq Scan on job"), "\(plan)")
        }
    }

    private func expectReadyIndex(_ queue: QueueFixture, _ claim: Statement<[ClaimedJob]>) async throws {
        let plan = try await queue.plan(claim)
        #expect(plan.contains("Scan using job_ready_idx"), "\(plan)")
        // The claimed rows are found by their place, not by a walk through the table.
        #expect(plan.contains("Tid Scan on job"), "\(plan)")
        #expect(!plan.contains("Seq Scan on job"), "\(plan)")
    }

    private func fill(_ queue: QueueFixture, ready count: Int) async throws {
        for tenant in [queue.tenant, queue.otherTenant] { try await queue.fill(count / 2, tenant: tenant) }
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
