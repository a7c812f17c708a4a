import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// A gathering job for tests.
private struct Look: GatheringJob {
    static let kind = "test.look"
}

@Suite("Gathered jobs")
struct GatheringTests {
    private func note(_ items: [UUID], _ queue: QueueFixture, tenant: UUID? = nil) async throws {
        let tenant = tenant ?? queue.tenant
        try await queue.app.pipeline(prelude: [queue.setTenant(tenant)], Look.note(tenant: tenant, items: items))
    }

    private func take(_ queue: QueueFixture, atMost limit: Int = 100) async throws -> [UUID] {
        try await queue.app.pipeline(prelude: [queue.setTenant()], Look.take(tenant: queue.tenant, atMost: limit))
    }

    private func gather(_ queue: QueueFixture) async throws -> Int {
        try await queue.queue.pipeline(Gatherer.statement)
    }

    @Test func `What was noted brings one job of a tenant, which takes it`() async throws {
        try await withQueue { queue in
            let (one, two) = (UUID(), UUID())
            #expect(try await gather(queue) == 0)
            try await note([one], queue)
            try await note([two, one], queue)
            try await note([one], queue, tenant: queue.otherTenant)
            #expect(try await gather(queue) == 2)
            #expect(try await gather(queue) == 0)
            #expect(try await queue.liveCount() == 2)
            let taken = try await take(queue, atMost: 2)
            let rest = try await take(queue)
            #expect(taken.count == 2 && rest.count == 1 && Set(taken + rest) == [one, two])
            #expect(try await take(queue) == [])
            #expect(try await queue.number("SELECT count(*) FROM job.gathered") == 1)
        }
    }

    @Test func `What rolls back was never noted, nor taken`() async throws {
        struct Undo: Error {}
        try await withQueue { queue in
            let (item, kept) = (UUID(), UUID())
            try await note([kept], queue)
            await #expect(throws: Undo.self) {
                try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    try await transaction.run(Look.note(tenant: queue.tenant, items: [item]))
                    let taken = try await transaction.run(Look.take(tenant: queue.tenant, atMost: 9))
                    #expect(Set(taken) == [item, kept])
                    throw Undo()
                }
            }
            let left = try await take(queue)
            #expect(left == [kept])
        }
    }

    @Test func `Twenty at once make one job`() async throws {
        try await withQueue { queue in
            try await note((0..<300).map { _ in UUID() }, queue)
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await gather(queue) } }
                return try await group.reduce(0, +)
            }
            #expect(made == 1)
            #expect(try await queue.liveCount() == 1)
        }
    }

    @Test func `Writers of one tenant do not wait for each other`() async throws {
        try await withQueue { queue in
            let (one, two) = (UUID(), UUID())
            try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                try await transaction.run(Look.note(tenant: queue.tenant, items: [one]))
                // With a lock between them this would never end.
                try await note([one, two], queue)
            }
            #expect(try await gather(queue) == 1)
        }
    }

    @Test
    func `Workers look after everything that was noted, however much comes meanwhile, and lose nothing in failures`()
        async throws
    {
        try await withQueue { queue in
            let (log, all) = (Log<UUID>(), (0..<500).map { _ in UUID() })
            var handlers = HandlerRegistry()
            handlers.register(Look.self) { _, context in
                let taken = try await queue.app.withTransaction(prelude: [queue.setTenant()]) { transaction in
                    let taken = try await transaction.run(Look.take(tenant: context.tenantID, atMost: 40))
                    // Every other time something fails after the taking.
                    if log.count.isMultiple(of: 3), Bool.random() { throw CancellationError() }
                    return taken
                }
                for item in taken { log.add(item) }
            }
            func configure(_ configuration: inout WorkerConfiguration) {
                configuration.gatherInterval = .milliseconds(5)
                configuration.retry = RetryPolicy(base: .zero)
            }
            try await withWorker(queue.queue, handlers, configure: configure) { _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for start in stride(from: 0, to: 500, by: 10) {
                        group.addTask { try await note(Array(all[start..<start + 10]), queue) }
                    }
                    try await group.waitForAll()
                }
                try await eventually { log.count >= 500 }
            }
            #expect(log.count == 500 && Set(log.entries) == Set(all))
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
