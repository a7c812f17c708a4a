import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Queue statistics")
struct QueueStatisticsTests {
    @Test func `Times to start are told by queue in milliseconds, and of the tenant whose jobs waited longest`()
        async throws
    {
        try await withQueue { queue in
            func finish(_ tenant: UUID, _ name: String, after milliseconds: [Int]) async throws {
                try await queue.run(
                    """
                    INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, errors,
                        created_at, run_at, started_at)
                    SELECT \(tenant), gen_random_uuid(), \(name), 'k', 1, 'completed', 1, 0, 1, '[]', now(),
                        now() - make_interval(secs => delay / 1000.0), now()
                    FROM unnest(\(milliseconds)) AS delay
                    """)
            }
            try await finish(queue.tenant, "default", after: Array(1...100))
            try await finish(queue.otherTenant, "default", after: Array(repeating: 500, count: 10))
            try await finish(queue.tenant, "mail", after: [7])
            let found = try await queue.queue.pipeline(QueueStatistics.statement)
            #expect(found.map(\.queue) == ["default", "mail"])
            #expect(found.map(\.done) == [110, 1])
            func near(_ value: Double?, _ expected: Double) -> Bool { abs((value ?? -1) - expected) < 0.01 }
            #expect(near(found[0].startP50, 55.5) && near(found[0].startP99, 500))
            #expect(found[0].worstTenant == queue.otherTenant && near(found[0].worstTenantP99, 500))
            #expect(near(found[1].startP50, 7) && near(found[1].startP99, 7))
            #expect(found[1].worstTenant == queue.tenant && near(found[1].worstTenantP99, 7))
        }
    }

    @Test func `The hot table's dead rows are told, and that they were vacuumed away`() async throws {
        try await withQueue { queue in
            try await queue.enqueue((0..<200).map { NewJob(Note(number: $0)) })
            // A session tells what it did when it ends, at the latest.
            try await queue.database.execute("DELETE FROM job.job")
            try await eventually {
                try await queue.queue.pipeline(HotTableStatistics.statement).deadTuples >= 200
            }
            try await queue.database.execute("VACUUM job.job")
            try await eventually {
                let table = try await queue.queue.pipeline(HotTableStatistics.statement)
                return table.deadTuples == 0 && table.vacuumedAt != nil && table.bytes > 0
            }
        }
    }
}
