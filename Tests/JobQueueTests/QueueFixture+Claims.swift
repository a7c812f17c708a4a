import Foundation
import TestSupport
import Testing

@testable import JobQueue
@testable import Postgres

/// Statements of the claimer alone, without a worker.
extension QueueFixture {
    private struct Undo: Error {}

    static let claimable = Claimable(queues: ["default"], kinds: [(Note.kind, 1)])

    /// The statement with which a worker claims ready notes, so many of each tenant.
    func claim(
        _ slots: Int, of tenants: [UUID]? = nil, isLimited: Bool = false, worker: UUID = .v7()
    ) -> Statement<[ClaimedJob]> {
        let demands = (tenants ?? [tenant]).map { tenant in
            Demand(place: TenantQueue(tenantID: tenant, queue: "default"), isLimited: isLimited, slots: slots)
        }
        return ClaimStatements.claim(demands, Self.claimable, after: ReadyFloors(), worker: worker)[0]
    }

    /// Makes ready jobs, as fast as the server can.
    func fill(_ count: Int, tenant: UUID? = nil, kind: String = Note.kind, queue: String = "default") async throws {
        try await database.execute(
            """
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters)
            SELECT '\(tenant ?? self.tenant)', gen_random_uuid(), '\(queue)', '\(kind)', 'ready', '{"number": 1}'
            FROM generate_series(1, \(count))
            """)
    }

    /// The plan of a statement as the queue's role has it.
    func plan<Output>(_ statement: Statement<Output>) async throws -> String {
        let explain = Statement<[String]>(
            "test.explain", "EXPLAIN (COSTS OFF) \(statement.command.sql)", all: { try $0.next() })
        let lines: [String] = try await queue.pipeline(explain)
        return lines.joined(separator: "\n")
    }

    /// How often a statement of the queue's role, which is undone, looks at a page: its cost, whatever else the machine
    /// does.
    ///
    /// - Parameter rows: what it has to give for the cost to mean something.
    func pages<Output>(_ statement: Statement<Output>, rows: Int) async throws -> Int {
        let explain = Statement<[String]>(
            "test.explain", "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) \(statement.command.sql)",
            all: { try $0.next() })
        var lines: [String] = []
        do {
            try await queue.withTransaction { transaction in
                lines = try await transaction.run(explain)
                throw Undo()
            }
        } catch is Undo {}
        // The first one is the whole statement's.
        #expect(lines.first?.contains("rows=\(rows) ") == true, "\(lines)")
        let buffers = try #require(lines.first { $0.contains("Buffers:") })
        return buffers.matches(of: /(?:hit|read)=([0-9]+)/).compactMap { Int($0.output.1) }.reduce(0, +)
    }
}
