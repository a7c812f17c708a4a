import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// A gathering job for tests.
private struct Look: GatheringJob {
    static let kind = "test.look"
    let items: [UUID]
}

@Suite("Gathered jobs")
struct GatheringTests {
    private func note(_ items: [UUID], _ queue: QueueFixture, tenant: UUID? = nil) async throws {
        let tenant = tenant ?? queue.tenant
        try await queue.app.pipeline(
            prelude: [queue.setTenant(tenant)], Look.statement(tenant: tenant, items: items))
    }

    private func gather(_ queue: QueueFixture) async throws -> Int {
        try await queue.queue.pipeline(Gatherer.statement)
    }

    private func items(_ queue: QueueFixture) async throws -> [[UUID]] {
        let looks: [JSONValue<Look>] = try await queue.owner.pipeline(
            Statement("test.looks", "SELECT parameters FROM job.job ORDER BY tenant_id", all: { try $0.next() }))
        return looks.map(\.value.items)
    }

    @Test func `What was noted becomes one job of a tenant, with each item once`() async throws {
        try await withQueue { queue in
            let (one, two) = (UUID(), UUID())
            #expect(try await gather(queue) == 0)
            try await note([one], queue)
            try await note([two, one], queue)
            try await note([one], queue, tenant: queue.otherTenant)
            #expect(try await gather(queue) == 2)
            let items = try await items(queue).map(Set.init)
            #expect(items.contains([one, two]) && items.contains([one]))
            #expect(try await gather(queue) == 0)
            #expect(try await queue.number("SELECT count(*) FROM job.gathered") == 0)
        }
    }

    @Test func `What rolls back was never noted, and no job is made before the commit`() async throws {
        struct Undo: Error {}
        try await withQueue { queue in
            let item = UUID()
            await #expect(throws: Undo.self) {
                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    try await transaction.run(Look.statement(tenant: queue.tenant, items: [item]))
                    let made = try await gather(queue)
                    #expect(made == 0)
                    throw Undo()
                }
            }
            let afterwards = try await gather(queue)
            #expect(afterwards == 0)
        }
    }

    @Test func `Twenty at once make jobs of each item once, and of a crowd as many as it takes`() async throws {
        try await withQueue { queue in
            let all = (0..<1700).map { _ in UUID() }
            try await note(all, queue)
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await gather(queue) } }
                return try await group.reduce(0, +)
            }
            let items = try await items(queue)
            #expect(made == items.count && items.allSatisfy { $0.count <= Look.maximumItems })
            #expect(items.joined().count == 1700 && Set(items.joined()) == Set(all))
        }
    }

    @Test func `Writers of one tenant do not wait for each other`() async throws {
        try await withQueue { queue in
            let (one, two) = (UUID(), UUID())
            try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                try await transaction.run(Look.statement(tenant: queue.tenant, items: [one]))
                // With a lock between them this would never end.
                try await note([one, two], queue)
            }
            #expect(try await gather(queue) == 1)
        }
    }

    @Test func `A worker runs what was noted`() async throws {
        try await withQueue { queue in
            let (log, item) = (Log<[UUID]>(), UUID())
            var handlers = HandlerRegistry()
            handlers.register(Look.self) { job, _ in log.add(job.items) }
            try await withWorker(queue.queue, handlers, configure: { $0.gatherInterval = .milliseconds(20) }) { _ in
                try await note([item], queue)
                try await eventually { log.entries == [[item]] }
            }
        }
    }

    @Test func `A tenant that is forgotten has nothing noted any more`() async throws {
        try await withQueue { queue in
            try await note([UUID()], queue)
            let platform = Pool(queue.database.configuration(user: "mehvar_platform"))
            while try await platform.pipeline(OperateStatements.forget(tenant: queue.tenant)) > 0 {}
            #expect(try await queue.number("SELECT count(*) FROM job.gathered") == 0)
        }
    }
}
