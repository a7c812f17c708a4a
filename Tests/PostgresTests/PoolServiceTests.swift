import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite struct PoolServiceTests {
    /// Past any pooler, so that the sessions of the pool are those of the server.
    private func configuration(minimum: Int = 0, _ maximum: Int) -> Postgres.Configuration {
        var configuration = TestServer.observer
        configuration.minimumConnections = minimum
        configuration.maximumConnections = maximum
        return configuration
    }

    /// Runs a pool in a service group, which shuts down when the closure is through, and gives what `body` gives.
    private func withService(
        _ configuration: Postgres.Configuration, _ body: (Pool, ServiceGroup) async throws -> Void
    ) async throws {
        let pool = Pool(configuration)
        let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(configuration: .init(services: [pool], logger: silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do { try await body(pool, group) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(pool.counts == (0, 0, 0))
    }

    /// Holds `count` connections of the pool until the gate opens.
    private func hold(_ count: Int, of pool: Pool, until gate: Gate) async throws -> [Task<Int, any Error>] {
        let holders = (0..<count).map { _ in
            Task {
                try await pool.withTransaction { transaction in
                    let backend = try await transaction.run(Queries.backend)
                    await gate.wait()
                    return try await transaction.run(Queries.backend) == backend ? backend : 0
                }
            }
        }
        try await eventually { pool.counts.open - pool.counts.idle == count && pool.statistics.created >= count }
        return holders
    }

    // MARK: As a service

    @Test func `a running pool keeps the minimum of connections open`() async throws {
        try await withService(configuration(minimum: 3, 6)) { pool, _ in
            try await eventually { pool.counts.idle == 3 }
            #expect(pool.statistics.created == 3)
            try await pool.withSession { $0.discard() }
            #expect(pool.counts.open == 2)
            try await eventually { pool.counts.idle == 3 }
            #expect(pool.statistics.created == 4 && pool.statistics.discarded == 1)
        }
    }

    @Test func `connections that idle are closed down to the minimum`() async throws {
        var configuration = configuration(minimum: 2, 6)
        configuration.idleTimeout = .milliseconds(100)
        try await withService(configuration) { pool, _ in
            let gate = Gate()
            let holders = try await hold(6, of: pool, until: gate)
            gate.open()
            for holder in holders { #expect(try await holder.value > 0) }
            try await eventually { pool.counts.open == 2 }
            #expect(pool.counts.idle == 2 && pool.statistics.discarded == 4)
        }
    }

    @Test func `a connection of the minimum is lent however long it idled`() async throws {
        var configuration = configuration(minimum: 1, 2)
        configuration.idleTimeout = .milliseconds(20)
        try await withService(configuration) { pool, _ in
            try await eventually { pool.counts.idle == 1 }
            let since = Moment.now
            let idled = configuration.idleTimeout * 2
            try await eventually { Moment.now - since > idled }
            #expect(try await pool.pipeline(Queries.backend) > 0)
            #expect(pool.statistics.created == 1 && pool.statistics.discarded == 0)
        }
    }

    @Test func `connections past their lifetime are replaced while they idle`() async throws {
        var configuration = configuration(minimum: 1, 2)
        configuration.maximumLifetime = .milliseconds(200)
        try await withService(configuration) { pool, _ in
            try await eventually { pool.statistics.discarded > 0 && pool.counts.idle == 1 }
            #expect(pool.statistics.created == pool.statistics.discarded + 1)
        }
    }

    @Test func `a graceful shutdown refuses new work and waits for what is lent`() async throws {
        try await withService(configuration(minimum: 1, 4)) { pool, group in
            let gate = Gate()
            let holders = try await hold(3, of: pool, until: gate)
            await group.triggerGracefulShutdown()
            try await eventually {
                do { _ = try await pool.pipeline(Queries.backend) } catch let error as PostgresError {
                    return error.reason == .poolClosed
                }
                return false
            }
            #expect(pool.statistics.inUse == 3 && pool.statistics.idle == 0)
            gate.open()
            for holder in holders { #expect(try await holder.value > 0) }
            try await eventually { pool.counts.open == 0 }
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(error.reason == .poolClosed)
        }
    }

    @Test func `draining tells whether everything came back in time`() async throws {
        try await withPool(configuration(2)) { pool in
            let gate = Gate()
            let holders = try await hold(2, of: pool, until: gate)
            #expect(await pool.drain(within: .milliseconds(50)) == false)
            #expect(pool.statistics.inUse == 2)
            async let isDrained = pool.drain(within: .seconds(60))
            gate.open()
            for holder in holders { #expect(try await holder.value > 0) }
            #expect(await isDrained)
            #expect(await pool.drain(within: .zero))
            #expect(pool.statistics.discarded == 2)
        }
    }

    @Test func `a drain without patience returns at once and ends no other`() async throws {
        try await withPool(configuration(1)) { pool in
            let gate = Gate()
            let holders = try await hold(1, of: pool, until: gate)
            let patient = Task { await pool.drain(within: .seconds(60)) }
            try await eventually { pool.state.withLock { $0.drainers.count } == 1 }
            for _ in 0..<20 { #expect(await pool.drain(within: .zero) == false) }
            gate.open()
            for holder in holders { #expect(try await holder.value > 0) }
            #expect(await patient.value)
        }
    }

    // MARK: A server that refuses

    /// The configuration of a database that nobody has made, and what makes it; it is gone afterwards.
    private func withMissingDatabase(
        _ body: (_ configuration: Postgres.Configuration, _ log: CapturedLog, _ create: () async throws -> Void)
            async throws -> Void
    ) async throws {
        let (database, log) = ("missing_\(UInt32.random(in: .min ... .max))", CapturedLog())
        var configuration = configuration(4)
        configuration.url = TestServer.url(database: database)
        configuration.applicationName = database
        configuration.logger = log.logger()
        do {
            try await body(configuration, log) {
                try await TestDatabase.administrative.execute("CREATE DATABASE \(database) TEMPLATE template0")
            }
        } catch {
            try await TestDatabase.administrative.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
            throw error
        }
        try await TestDatabase.administrative.execute("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
    }

    @Test func `a thousand tasks in a row make few attempts to connect and fail at once with the reason`() async throws
    {
        try await withMissingDatabase { configuration, log, create in
            let database = configuration.applicationName
            try await withPool(configuration) { pool in
                let started = Moment.now
                for _ in 0..<1000 {
                    let error = try await failure { try await pool.pipeline(Queries.backend) }
                    guard case .connection(let why) = error.reason, why.contains(database) else {
                        Issue.record("\(error)")
                        break
                    }
                }
                #expect(Moment.now - started < .seconds(30))
                let attempts = log.lines("cannot connect")
                #expect((1...50).contains(attempts.count))
                #expect(attempts.allSatisfy { $0.level == .warning && $0.text.contains(database) })
                #expect(pool.statistics == .init(inUse: 0, idle: 0, waiting: 0, created: 0, discarded: 0))

                try await create()
                try await eventually(within: .seconds(20)) {
                    do { return try await pool.pipeline(Queries.backend) > 0 } catch let error as PostgresError {
                        guard case .connection = error.reason else { throw error }
                        return false
                    }
                }
                #expect(pool.statistics.created == 1)
            }
        }
    }

    @Test func `a thousand tasks at once make few attempts to connect and all hear the reason`() async throws {
        try await withMissingDatabase { configuration, log, _ in
            try await withPool(configuration) { pool in
                try await withThrowingTaskGroup(of: PostgresError.Reason.self) { group in
                    for _ in 0..<1000 {
                        group.addTask { try await failure { try await pool.pipeline(Queries.backend) }.reason }
                    }
                    while let reason = try await group.next() {
                        guard case .connection = reason else {
                            Issue.record("\(reason)")
                            continue
                        }
                    }
                }
                #expect((1...32).contains(log.lines("cannot connect").count))
                #expect(pool.counts == (0, 0, 0))
            }
        }
    }

    @Test func `a running pool fills up once the server takes it`() async throws {
        try await withMissingDatabase { configuration, log, create in
            var configuration = configuration
            configuration.minimumConnections = 2
            try await withService(configuration) { pool, _ in
                try await eventually { !log.lines("cannot connect").isEmpty }
                try await create()
                try await eventually { pool.counts.idle == 2 }
            }
        }
    }

    // MARK: What it tells

    @Test func `connections do not end their lives together`() async throws {
        var configuration = configuration(8)
        configuration.maximumLifetime = .seconds(1000)
        try await withPool(configuration) { pool in
            let (gate, ends) = (Gate(), Shared<[Moment]>([]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await pool.withSession { session in
                            let end = session.endOfLife
                            ends.change { $0.append(end) }
                            await gate.wait()
                        }
                    }
                }
                try await eventually { ends.value.count == 8 }
                gate.open()
                try await group.waitForAll()
            }
            let idleTimeouts = Set(
                pool.state.withLock { state in
                    state.idle.map { .nanoseconds($0.session.idleTimeout.count) / pool.configuration.idleTimeout }
                })
            #expect(idleTimeouts.count > 1 && idleTimeouts.allSatisfy { (0.9...1).contains($0) })
            let lives = ends.value.map { $0 - .now }.sorted()
            let (first, last) = (try #require(lives.first), try #require(lives.last))
            #expect(first > .seconds(840) && last <= .seconds(1000))
            #expect(last - first > .seconds(2))
        }
    }

    @Test func `the statistics tell what is lent, waited for, idle and closed`() async throws {
        try await withPool(configuration(2)) { pool in
            #expect(pool.statistics == .init(inUse: 0, idle: 0, waiting: 0, created: 0, discarded: 0))
            let gate = Gate()
            let holders = try await hold(2, of: pool, until: gate)
            #expect(pool.statistics == .init(inUse: 2, idle: 0, waiting: 0, created: 2, discarded: 0))
            let waiters = (0..<3).map { _ in Task { try await pool.pipeline(Queries.backend) } }
            try await eventually { pool.statistics.waiting == 3 }
            #expect(pool.statistics == .init(inUse: 2, idle: 0, waiting: 3, created: 2, discarded: 0))
            gate.open()
            for task in holders + waiters { #expect(try await task.value > 0) }
            #expect(pool.statistics == .init(inUse: 0, idle: 2, waiting: 0, created: 2, discarded: 0))
            try await pool.withSession { $0.discard() }
            #expect(pool.statistics == .init(inUse: 0, idle: 1, waiting: 0, created: 2, discarded: 1))
            pool.close()
            #expect(pool.statistics == .init(inUse: 0, idle: 0, waiting: 0, created: 2, discarded: 2))
        }
    }
}
