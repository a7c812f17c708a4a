import TestSupport
import Testing

@testable import Postgres

@Suite struct PoolTests {
    private func configuration(_ connections: Int, waiters: Int = 1000, wait: Duration = .seconds(60)) -> Configuration
    {
        var configuration = TestServer.configuration(maximumConnections: connections)
        configuration.maximumWaiters = waiters
        configuration.acquireTimeout = wait
        return configuration
    }

    /// Lends a pool of one connection whose connection is held until the gate opens.
    private func withHeldPool(
        _ configuration: Configuration, _ body: (Pool, Gate) async throws -> Void
    ) async throws {
        try await withPool(configuration) { pool in
            let (held, gate) = (Gate(), Gate())
            let holder = Task {
                try await pool.withSession { _ in
                    held.open()
                    await gate.wait()
                }
            }
            await held.wait()
            do { try await body(pool, gate) } catch {
                gate.open()
                try await holder.value
                throw error
            }
            gate.open()
            try await holder.value
        }
    }

    @Test func `500 tasks share four connections`() async throws {
        try await withPool(configuration(4)) { pool in
            let lent = Shared((now: 0, most: 0))
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        try await pool.withTransaction { transaction in
                            lent.change { lent in
                                lent.now += 1
                                lent.most = max(lent.most, lent.now)
                            }
                            defer { lent.change { $0.now -= 1 } }
                            return try await transaction.run(
                                Statement("test.echo", "SELECT \(number)", one: { try $0.next(Int.self) }))
                        }
                    }
                }
                var sum = 0
                while let number = try await group.next() { sum += number }
                #expect(sum == 124_750)
            }
            #expect((1...4).contains(lent.value.most))
            #expect(pool.counts.open <= 4 && pool.counts.idle == pool.counts.open && pool.counts.waiting == 0)
        }
    }

    @Test func `tasks are served in order of arrival`() async throws {
        try await withHeldPool(configuration(1)) { pool, gate in
            let order = Shared<[Int]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { try await pool.withSession { _ in order.change { $0.append(number) } } }
                    try await eventually { pool.counts.waiting == number + 1 }
                }
                gate.open()
                try await group.waitForAll()
            }
            #expect(order.value == Array(0..<20))
        }
    }

    @Test func `a full queue fails at once`() async throws {
        try await withHeldPool(configuration(1, waiters: 1)) { pool, gate in
            let waiter = Task { try await pool.pipeline(Queries.backend) }
            try await eventually { pool.counts.waiting == 1 }
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(error.reason == .poolExhausted && error.isUnavailable)
            gate.open()
            #expect(try await waiter.value > 0)
        }
    }

    @Test func `a wait that takes too long fails and leaves nothing behind`() async throws {
        try await withHeldPool(configuration(1, wait: .milliseconds(30))) { pool, gate in
            for _ in 0..<3 {
                let error = try await failure { try await pool.pipeline(Queries.backend) }
                #expect(error.reason == .poolExhausted)
                #expect(pool.counts.waiting == 0)
            }
            gate.open()
            try await eventually { pool.counts.idle == 1 }
            #expect(try await pool.pipeline(Queries.backend) > 0)
        }
    }

    @Test func `a cancelled wait leaves the queue and the others keep their order`() async throws {
        try await withHeldPool(configuration(1)) { pool, gate in
            let tasks = (0..<10).map { _ in Task { try await pool.pipeline(Queries.backend) } }
            try await eventually { pool.counts.waiting == 10 }
            for index in stride(from: 0, to: 10, by: 2) { tasks[index].cancel() }
            for index in stride(from: 0, to: 10, by: 2) {
                let error = try await failure { try await tasks[index].value }
                #expect(error.reason == .cancelled)
            }
            #expect(pool.counts.waiting == 5)
            gate.open()
            for index in stride(from: 1, to: 10, by: 2) { #expect(try await tasks[index].value > 0) }
        }
    }

    @Test func `a task that is cancelled already gets no connection`() async throws {
        try await withPool(configuration(1)) { pool in
            let gate = Gate()
            let task = Task {
                await gate.wait()
                return try await pool.pipeline(Queries.backend)
            }
            task.cancel()
            gate.open()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(pool.counts.open == 0)
        }
    }

    @Test func `closing fails those who wait and those who come`() async throws {
        try await withHeldPool(configuration(1)) { pool, gate in
            let waiter = Task { try await pool.pipeline(Queries.backend) }
            try await eventually { pool.counts.waiting == 1 }
            pool.close()
            for body in [{ try await waiter.value }, { try await pool.pipeline(Queries.backend) }] {
                let error = try await failure { try await body() }
                #expect(error.reason == .poolClosed)
            }
            gate.open()
            try await eventually { pool.counts.open == 0 }
        }
    }

    @Test func `a connection that cannot be made frees its place`() async throws {
        var broken = configuration(2)
        broken.url = TestServer.url(database: "no such database")
        try await withPool(broken) { pool in
            try await withThrowingTaskGroup(of: PostgresError.Reason.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await failure { try await pool.pipeline(Queries.backend) }.reason }
                }
                while let reason = try await group.next() {
                    guard case .connection = reason else {
                        Issue.record("\(reason)")
                        continue
                    }
                }
            }
            #expect(pool.counts == (0, 0, 0))
        }
    }

    @Test func `a server that does not answer is given up at the connect timeout`() async throws {
        let (silent, socket) = try SilentServer.start()
        defer { silent.stop() }
        var configuration = configuration(1)
        configuration.url = "postgresql:///x?host=\(socket)"
        configuration.connectTimeout = .milliseconds(100)
        try await withPool(configuration) { pool in
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(error.reason == .deadline)
            #expect(pool.counts.open == 0)
        }
    }

    @Test(arguments: [true, false])
    func `connections that lived or idled too long are replaced`(_ isLifetime: Bool) async throws {
        var configuration = configuration(1)
        if isLifetime { configuration.maximumLifetime = .zero } else { configuration.idleTimeout = .zero }
        try await withPool(configuration) { pool in
            let first = try await pool.pipeline(Queries.backend)
            let second = try await pool.pipeline(Queries.backend)
            #expect(pool.statistics.created == 2 && pool.statistics.discarded >= 1)
            // A pooler hands the new connection the session that it has.
            #expect(first != second || TestServer.isPooled)
        }
    }
}
