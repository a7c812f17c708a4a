import TestSupport
import Testing

@testable import Postgres

@Suite struct FaultTests {
    private func withOneConnection(_ body: (Pool, _ backend: Int) async throws -> Void) async throws {
        // In a database of its own a pooler, too, has one session for it.
        try await withDatabase { database in
            var configuration = database.configuration(maximumConnections: 1)
            configuration.checkAfter = .zero
            try await withPool(configuration) { pool in
                try await body(pool, try await pool.pipeline(Queries.backend))
            }
        }
    }

    @Test func `a backend that dies during a query is the server's error and nothing was committed`() async throws {
        try await withOneConnection { pool, backend in
            let task = Task { try await pool.pipeline(Queries.sleep) }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            _ = try await observe(Queries.terminate(backend))
            let error = try await failure { try await task.value }
            #expect(error.state == .adminShutdown && error.statement == "test.sleep" && error.isUnavailable)
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    @Test func `a backend that dies while the closure of a transaction works is noticed at the next statement`()
        async throws
    {
        try await withOneConnection { pool, backend in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Queries.backend)
                    _ = try await observe(Queries.terminate(backend))
                    try await eventually { try await !observe(Queries.lives(backend)) }
                    _ = try await transaction.run(Queries.backend)
                }
            }
            #expect(error.isUnavailable)
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    @Test func `a backend that died while it idled is not noticed by anybody`() async throws {
        try await withOneConnection { pool, backend in
            _ = try await observe(Queries.terminate(backend))
            try await eventually { try await !observe(Queries.lives(backend)) }
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    // A pooler does not pass notifications on.
    @Test(.enabled(if: !TestServer.isPooled))
    func `notices and notifications for an idle connection do no harm`() async throws {
        try await withOneConnection { pool, backend in
            try await pool.withTransaction { try await $0.execute(script: "LISTEN test_channel", name: "listen") }
            for _ in 0..<3 {
                try await Connection.with(pool.configuration) { connection in
                    try await connection.run(Statement(effect: "test.notify", "NOTIFY test_channel"))
                }
                #expect(try await pool.pipeline(Queries.backend) == backend)
            }
        }
    }

    private static let slowCommit = """
        CREATE TABLE t (n int);
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION slow();
        """

    private static let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")

    @Test(arguments: [true, false])
    func `a backend that dies during COMMIT leaves it unknown`(_ pipelined: Bool) async throws {
        try await withDatabase { database in
            try await database.execute(Self.slowCommit)
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                let task = Task {
                    if pipelined {
                        _ = try await pool.pipeline(Self.insert)
                    } else {
                        _ = try await pool.withTransaction { try await $0.run(Self.insert) }
                    }
                }
                try await eventually { try await observe(Queries.sleeps(backend)) }
                _ = try await observe(Queries.terminate(backend))
                let error = try await failure { try await task.value }
                #expect(error.reason == .commitUnknown && !error.isUnavailable)
                #expect(try await pool.pipeline(Queries.backend) != backend)
            }
        }
    }

    @Test func `a COMMIT that was stopped by a cancellation is known not to have happened`() async throws {
        try await withDatabase { database in
            try await database.execute(Self.slowCommit)
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                let task = Task { try await pool.pipeline(Self.insert) }
                try await eventually { try await observe(Queries.sleeps(backend)) }
                task.cancel()
                let error = try await failure { try await task.value }
                #expect(error.reason == .cancelled)
                let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
                #expect(try await pool.pipeline(count) == 0)
            }
        }
    }

    @Test func `a connection cut while a large value is on its way committed nothing`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (b bytea)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                // Nothing reads after pg_sleep began, so most of the value cannot leave.
                let large = Statement(
                    "test.large", "INSERT INTO t VALUES (\(Bytes(.init(repeating: 1, count: 50_000_000))))")
                let task = Task { try await pool.pipeline(Queries.sleep, large) }
                try await eventually { try await observe(Queries.sleeps(backend)) }
                _ = try await observe(Queries.terminate(backend))
                let error = try await failure { try await task.value }
                #expect(error.reason != .commitUnknown && error.isUnavailable)
                let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
                #expect(try await pool.pipeline(count) == 0)
            }
        }
    }

    // A pooler looks itself, and has another session ready.
    @Test(.enabled(if: !TestServer.isPooled))
    func `a session that was used just now is lent without a look at it`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.checkAfter = .seconds(3600)
        try await withPool(configuration) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            _ = try await observe(Queries.terminate(backend))
            try await eventually { try await !observe(Queries.lives(backend)) }
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(error.isUnavailable)
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    @Test func `a session whose buffers have grown is not lent again`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            for size in [1 << 20, 20 << 20] {
                let length = Statement(
                    "test.length", "SELECT length(\(Bytes(Array(repeating: 1, count: size))))",
                    one: { try $0.next(Int.self) })
                let value = Statement(
                    "test.value", "SELECT repeat('x', \(Int32(size)))", one: { try $0.next(String.self) })
                let sent = try await pool.pipeline(length)
                let received = try await pool.pipeline(value).utf8.count
                #expect(sent == size && received == size)
                #expect(pool.statistics.discarded == (size > 16 << 20 ? 2 : 0))
            }
        }
    }

    @Test func `a session that gave many small rows is lent again`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            let rows = Statement(
                "test.rows", "SELECT repeat('x', 1000) FROM generate_series(1, 20000)",
                all: { try $0.next(String.self).utf8.count })
            let found: [Int] = try await pool.pipeline(rows)
            #expect(found.reduce(0, +) == 20_000_000)
            #expect(pool.statistics.discarded == 0)
        }
    }

    @Test func `notifications that nobody reads do not pile up`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            try await pool.withSession { session in
                try await session.execute(script: "LISTEN noise", name: "test.listen")
                for _ in 0..<3 { try await session.execute(script: "NOTIFY noise", name: "test.notify") }
            }
            try await pool.withSession { session in
                #expect(session.dropNotifications() == 0)
                try await session.execute(script: "UNLISTEN *", name: "test.unlisten")
            }
        }
    }

    @Test func `100 MB travel both ways at once`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            let block = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let bytes = Bytes((0..<1000).reduce(into: []) { all, _ in all += block })
            let (before, back, after) = try await pool.pipeline(
                Statement("test.before", "SELECT repeat('x', 100000000)", one: { try $0.next(String.self).utf8.count }),
                Statement("test.large", "SELECT \(bytes)", one: { try $0.next(Bytes.self) }), Queries.backend)
            #expect(before == 100_000_000)
            // Every byte of 100 MB would take the unoptimised comparison seconds.
            #expect(back.value.count == bytes.value.count)
            #expect(stride(from: 0, to: bytes.value.count, by: 997).allSatisfy { back.value[$0] == bytes.value[$0] })
            #expect(after > 0)
        }
    }
}
