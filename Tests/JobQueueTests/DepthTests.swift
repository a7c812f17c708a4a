import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// Beside a million finished jobs and a million whose time has not come, a tenth of them of a better priority.
@Suite("Depth", .serialized, .enabled(if: !TestServer.isPooled))
struct DepthTests {
    @Test func `A claim looks at hardly more pages than before and enters the index of ready jobs`() async throws {
        try await withQueue { queue in
            try await fill(queue, ready: 5_000)
            let claim = queue.claim(125, of: [queue.tenant, queue.otherTenant])
            try await expectReadyIndex(queue, claim)
            let before = try await queue.pages(claim, rows: 250)
            try await deepen(queue, 1_000_000)
            try await expectReadyIndex(queue, claim)
            let after = try await queue.pages(claim, rows: 250)
            // Trees of two hundred times the size are a level or two deeper; whatever is stepped over would count in full.
            #expect(after * 2 < before * 3, "\(before) pages before, \(after) after")
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
