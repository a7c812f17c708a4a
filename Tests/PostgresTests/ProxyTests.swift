import TestSupport
import Testing

@testable import Postgres

/// What a bad network does to the wrapper.
@Suite struct ProxyTests {
    private enum Way: Sendable, CaseIterable {
        case pipeline, transaction
        /// Outside pools and transactions.
        case statement, script

        static let pooled: [Way] = [.pipeline, .transaction]
    }

    private func insert(_ number: Int, _ way: Way, _ pool: Pool) async throws {
        switch way {
        case .pipeline: _ = try await pool.pipeline(Ledger.insert(number))
        case .transaction: try await pool.withTransaction { _ = try await $0.run(Ledger.insert(number)) }
        case .statement, .script:
            try await Connection.with(pool.configuration) { try await insert(number, way, &$0) }
        }
    }

    private func insert(_ number: Int, _ way: Way, _ connection: inout Connection) async throws {
        if way == .statement {
            _ = try await connection.run(Ledger.insert(number))
        } else {
            try await connection.execute(script: "INSERT INTO ledger VALUES (\(number))", name: "test.script")
        }
    }

    /// As PgBouncer does when its server is gone: nobody knows how far that one came.
    @Test(arguments: [Way.pipeline, .transaction, .statement], ["server conn crashed?", "query_wait_timeout"])
    private func `what a pooler says in place of the server leaves a COMMIT open`(
        _ way: Way, _ words: String
    ) async throws {
        try await withProxiedPool { proxy, pool, database in
            func error(_ letter: Character, _ text: String) -> [UInt8] { [letter.asciiValue ?? 0] + text.utf8 + [0] }
            let fields = error("S", "FATAL") + error("C", "08P01") + error("M", words) + [0]
            let report = [UInt8(ascii: "E"), 0, 0, 0, UInt8(fields.count + 4)] + fields
            let ledger = Ledger()
            _ = try await pool.pipeline(Queries.backend)
            let failure = try await ledger.note { number in
                try await Connection.with(pool.configuration) { connection in
                    proxy.change { $0.lastWords = report }
                    guard way == .statement else { return try await insert(number, way, pool) }
                    do { try await insert(number, way, &connection) } catch {
                        do {
                            try await connection.execute(script: "SELECT 1", name: "test.later")
                            Issue.record("the connection was lost")
                        } catch let later as PostgresError {
                            // It was never sent.
                            #expect(later.reason != .commitUnknown)
                        }
                        throw error
                    }
                }
            }
            proxy.change { $0 = .init() }
            // A transaction that had only begun cannot have committed.
            let isOpen = words == "server conn crashed?" && way != .transaction
            #expect((failure?.reason == .commitUnknown) == isOpen, "\(String(describing: failure))")
            #expect(failure?.isUnavailable == !isOpen)
        }
    }

    @Test func `what was cancelled while a large value was on its way is not committed`() async throws {
        try await withProxiedPool { proxy, pool, database in
            try await database.execute("CREATE TABLE large (b bytea)")
            let large = Statement<Int>(
                "test.large", "INSERT INTO large VALUES (\(Bytes(.init(repeating: 1, count: 20_000_000))))")
            _ = try await pool.pipeline(Queries.backend)
            proxy.change { $0.frozen = [.toServer] }
            let task = Task { try await pool.pipeline(large) }
            try await eventually {
                proxy.change { _ in }
                return proxy.conversations.last?.heldBack == .toServer
            }
            task.cancel()
            proxy.change { $0.frozen = [] }
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            let count = Statement("test.count", "SELECT count(*) FROM large", one: { try $0.next(Int.self) })
            #expect(try await pool.pipeline(count) == 0)
        }
    }

    @Test(arguments: [1, 2, 7])
    func `an answer in pieces is read as one`(_ largest: Int) async throws {
        try await withProxiedPool { proxy, pool, database in
            try await greetWhole(pool)
            proxy.change { $0.largestPiece = largest }
            let ledger = Ledger()
            let text = String(repeating: "ä€😀", count: 20)
            for way in Way.pooled { #expect(try await ledger.note { try await insert($0, way, pool) } == nil) }
            let echo = Statement("test.echo", "SELECT \(text)", one: { try $0.next(String.self) })
            #expect(try await pool.pipeline(echo) == text)
            let error = try await failure { try await pool.pipeline(Statement("test.wrong", "SELECT 1 / \(0)")) }
            #expect(error.state?.rawValue == "22012")
            #expect(proxy.conversations.count == 1)
            try await ledger.check(database.configuration())
        }
    }

    @Test func `a slow network only takes longer`() async throws {
        try await withProxiedPool { proxy, pool, _ in
            proxy.change { $0.delay = .milliseconds(5) }
            let started = ContinuousClock.now
            _ = try await pool.pipeline(Queries.backend)
            #expect(ContinuousClock.now - started >= .milliseconds(20))
        }
    }

    /// The conversation of a first insertion, whole: its length and where the round trip with COMMIT begins.
    private func measured(
        _ way: Way, _ ledger: Ledger, _ proxy: FaultyProxy, _ database: TestDatabase
    ) async throws -> FaultyProxy.Conversation {
        var configuration = database.configuration(maximumConnections: 1)
        configuration.url = proxy.url(configuration.url)
        if way == .statement || way == .script {
            // Before the farewell.
            return try await Connection.with(configuration) { connection in
                #expect(try await ledger.note { try await insert($0, way, &connection) } == nil)
                return try #require(proxy.conversations.last)
            }
        }
        return try await withPool(configuration) { pool in
            #expect(try await ledger.note { try await insert($0, way, pool) } == nil)
            return try #require(proxy.conversations.last)
        }
    }

    @Test(arguments: Way.allCases, [FaultyProxy.Direction.toServer, .toClient])
    private func `a cut at any byte tells what is known of the row`(
        _ way: Way, _ direction: FaultyProxy.Direction
    ) async throws {
        try await withProxiedPool { proxy, pool, database in
            let ledger = Ledger()
            let whole = try await measured(way, ledger, proxy, database)
            let (length, commit) = (whole.passed(direction), whole.passedBeforeLastTurn(direction))
            // Every few bytes while the session opens, every byte where it matters. Once COMMIT is answered, that the
            // session is ready for more (6 bytes) need not be heard.
            try await proxy.cut(
                direction, after: Array(stride(from: 0, to: commit, by: 13)) + Array(commit...length), of: whole,
                unheard: Way.pooled.contains(way) ? 6 : 0
            ) {
                try await ledger.note { try await insert($0, way, pool) }
            }
            #expect(try await ledger.note { try await insert($0, way, pool) } == nil)
            #expect(ledger.unknown > 0 && pool.counts.open == (Way.pooled.contains(way) ? 1 : 0))
            try await ledger.check(database.configuration())
        }
    }

    @Test(arguments: [FaultyProxy.Direction.toServer, .toClient])
    func `connections that are cut while many work lose no row and double none`(
        _ direction: FaultyProxy.Direction
    ) async throws {
        try await withProxiedPool(connections: 4) { proxy, pool, database in
            let ledger = Ledger()
            // Longer than opening a session, so that each gets some work done.
            proxy.change { $0.cutAfter = [direction: 3000] }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for _ in 0..<50 {
                            let error = try await ledger.note {
                                try await insert($0, task % 2 == 0 ? .pipeline : .transaction, pool)
                            }
                            #expect(error.map { $0.isUnavailable || $0.reason == .commitUnknown } ?? true)
                        }
                    }
                }
                try await group.waitForAll()
            }
            proxy.change { $0.cutAfter = [:] }
            #expect(try await ledger.note { try await insert($0, .pipeline, pool) } == nil)
            #expect(ledger.committed > 100 && proxy.conversations.count > 4)
            try await ledger.check(database.configuration())
        }
    }

    @Test(arguments: Way.pooled, [FaultyProxy.Direction.toServer, .toClient])
    private func `a network that went silent is given up at the deadline`(
        _ way: Way, _ direction: FaultyProxy.Direction
    ) async throws {
        try await withProxiedPool { proxy, pool, database in
            let ledger = Ledger()
            var impatient = pool.configuration
            impatient.transactionTimeout = .milliseconds(200)
            impatient.grace = .milliseconds(300)
            try await withPool(impatient) { pool in
                _ = try await ledger.note { try await insert($0, way, pool) }
                proxy.change { $0.frozen = [direction] }
                let started = ContinuousClock.now
                let error = try #require(try await ledger.note { try await insert($0, way, pool) })
                #expect(error.reason == .deadline || error.reason == .commitUnknown)
                // The deadline and the moment for the server to answer the request to stop, then that for the rollback.
                #expect(ContinuousClock.now - started < .seconds(6))
                proxy.change { $0.frozen = [] }
                try await eventually {
                    do { return try await pool.pipeline(Queries.backend) > 0 } catch { return false }
                }
                #expect(pool.statistics.discarded > 0)
            }
            try await eventually { proxy.conversations.allSatisfy { !$0.isOpen } }
            try await ledger.check(database.configuration())
        }
    }

    @Test func `a session that cannot be opened is given up at the connect timeout`() async throws {
        try await withProxiedPool { proxy, pool, _ in
            var impatient = pool.configuration
            impatient.connectTimeout = .milliseconds(100)
            proxy.change { $0.frozen = [.toClient] }
            try await withPool(impatient) { pool in
                let error = try await failure { try await pool.pipeline(Queries.backend) }
                #expect(error.reason == .deadline)
                proxy.change { $0.frozen = [] }
                try await eventually {
                    do { return try await pool.pipeline(Queries.backend) > 0 } catch { return false }
                }
            }
        }
    }

    @Test(arguments: [1, 65_536, 300_000, 1_000_000])
    func `a COPY whose connection is cut leaves no row`(_ bytes: Int) async throws {
        try await withProxiedPool { proxy, pool, _ in
            _ = try await pool.pipeline(Queries.backend)
            let passed = try #require(proxy.conversations.last).bytesToServer
            proxy.change { $0.cutAfter = [.toServer: passed + bytes] }
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.copyIn("test.copy", "COPY ledger FROM STDIN (FORMAT binary)") { writer in
                        for number in 0..<1_000_000 { try await writer.row(columns: 1) { $0.append(number) } }
                    }
                }
            }
            #expect(error.isUnavailable)
            proxy.change { $0.cutAfter = [:] }
            let count = Statement("test.count", "SELECT count(*) FROM ledger", one: { try $0.next(Int.self) })
            #expect(try await pool.pipeline(count) == 0)
        }
    }
}
