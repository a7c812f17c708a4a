import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// A server that grants fewer connections than the pool would have.
@Suite struct PoolRefusalTests {
    /// The configuration of a role that may have so many connections, and what changes that number. No pooler is before
    /// the test's own server, but statements go to it as to the others.
    private func withRole(
        limit: Int, maximumConnections: Int,
        _ body: (_ configuration: Configuration, _ change: (Int) async throws -> Void) async throws -> Void
    ) async throws {
        try await withOwnServer { server in
            try await server.execute("CREATE ROLE guest LOGIN CONNECTION LIMIT \(limit)")
            var configuration = server.configuration(maximumConnections: maximumConnections)
            configuration.user = "guest"
            configuration.statementMode = TestServer.statementMode
            try await body(configuration) { try await server.execute("ALTER ROLE guest CONNECTION LIMIT \($0)") }
        }
    }

    private static let short = Statement(effect: "test.short", "SELECT pg_sleep(0.005)")

    @Test func `tasks share the connections that there are`() async throws {
        try await withRole(limit: 2, maximumConnections: 8) { configuration, _ in
            var configuration = configuration
            configuration.reconnectDelay = .milliseconds(5) ... .milliseconds(20)
            try await withPool(configuration) { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<300 { group.addTask { try await pool.pipeline(Self.short) } }
                    try await group.waitForAll()
                }
                #expect((1...2).contains(pool.statistics.created))
                // One more may be being tried for.
                try await eventually { pool.counts.open == pool.counts.idle && pool.counts.waiting == 0 }
            }
        }
    }

    @Test func `a task that waits gets a connection once the server grants one more`() async throws {
        try await withRole(limit: 1, maximumConnections: 2) { configuration, change in
            let log = CapturedLog()
            var configuration = configuration
            configuration.logger = log.logger()
            try await withPool(configuration) { pool in
                try await pool.withSession { _ in
                    let first = Task { try await pool.pipeline(Queries.backend) }
                    try await eventually { pool.counts.waiting == 1 && !log.lines("cannot connect").isEmpty }
                    let second = Task { try await pool.pipeline(Queries.backend) }
                    try await eventually { pool.counts.waiting == 2 }
                    try await change(2)
                    let (one, other) = (try await first.value, try await second.value)
                    #expect(one == other)
                }
                #expect(pool.statistics.created == 2)
            }
        }
    }

    @Test func `a task that waits fails with the reason once no connection is left`() async throws {
        try await withRole(limit: 1, maximumConnections: 2) { configuration, change in
            try await withPool(configuration) { pool in
                let (held, gate) = (Gate(), Gate())
                let holder = Task {
                    try await pool.withSession { session in
                        held.open()
                        await gate.wait()
                        session.discard()
                    }
                }
                await held.wait(orEndOf: holder)
                let waiter = Task { try await pool.pipeline(Queries.backend) }
                try await eventually { pool.counts.waiting == 1 }
                try await change(0)
                gate.open()
                try await holder.value
                let error = try await failure { try await waiter.value }
                #expect(error.state == .tooManyConnections)
                #expect(pool.counts == (0, 0, 0))
            }
        }
    }

    @Test func `all that wait get connections at once when the server grants them`() async throws {
        try await withRole(limit: 1, maximumConnections: 4) { configuration, change in
            try await withPool(configuration) { pool in
                let gate = Gate()
                try await pool.withSession { _ in
                    // Each keeps its connection, so that no other is served by its return.
                    let tasks = (0..<3).map { _ in Task { try await pool.withSession { _ in await gate.wait() } } }
                    try await eventually { pool.counts.waiting == 3 }
                    try await change(4)
                    try await eventually { pool.statistics.idle == 0 && pool.statistics.created == 4 }
                    gate.open()
                    for task in tasks { try await task.value }
                }
            }
        }
    }

    @Test func `a task that waits again stands where it stood and waits no longer in all`() async throws {
        try await withRole(limit: 2, maximumConnections: 2) { configuration, change in
            var configuration = configuration
            configuration.acquireTimeout = .seconds(120)
            configuration.reconnectDelay = .seconds(60) ... .seconds(60)
            try await withPool(configuration) { pool in
                func end() -> Moment? { pool.state.withLock { $0.waiters.expire(at: Moment(nanoseconds: 0)).next } }
                let (ended, gate) = (Gate(), Gate())
                try await pool.withSession { _ in
                    let broken = Task {
                        try await pool.withSession { session in
                            await ended.wait()
                            session.discard()
                        }
                    }
                    try await eventually { pool.statistics.created == 2 }
                    let first = Task { try await pool.withSession { _ in await gate.wait() } }
                    try await eventually { pool.counts.waiting == 1 }
                    let firstEnd = end()
                    let second = Task { try await pool.pipeline(Queries.backend) }
                    try await eventually { pool.counts.waiting == 2 }
                    // It may open one in the place of the broken one, which the server refuses.
                    try await change(0)
                    ended.open()
                    try await broken.value
                    try await eventually { pool.counts == (1, 0, 2) && pool.state.withLock { $0.retryAt != nil } }
                    #expect(end() == firstEnd)
                    second.cancel()
                    _ = try await failure { try await second.value }
                    #expect(end() == firstEnd)
                    first.cancel()
                    gate.open()
                    _ = try await failure { try await first.value }
                }
            }
        }
    }
}
