import TestSupport
import Testing

@testable import Postgres

@Suite struct CancellationTests {
    private func withOneConnection(
        timeout: Duration = .seconds(60), _ body: (Pool, _ backend: Int) async throws -> Void
    ) async throws {
        // In a database of its own a pooler, too, has one session for it.
        try await withDatabase { database in
            var configuration = database.configuration(maximumConnections: 1)
            configuration.transactionTimeout = timeout
            try await withPool(configuration) { pool in
                try await body(pool, try await pool.pipeline(Queries.backend))
            }
        }
    }

    @Test func `cancelling a running query stops it at the server and keeps the connection`() async throws {
        try await withOneConnection { pool, backend in
            let task = Task { try await pool.pipeline(Queries.sleep) }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            let started = ContinuousClock.now
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(ContinuousClock.now - started < .seconds(30))
            #expect(try await observe(Queries.sleeps(backend)) == false)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `cancelling inside a transaction rolls it back`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                let task = Task {
                    try await pool.withTransaction { transaction in
                        _ = try await transaction.run(Statement("test.insert", "INSERT INTO t VALUES (1)"))
                        try await transaction.run(Queries.sleep)
                    }
                }
                try await eventually { try await observe(Queries.sleeps(backend)) }
                task.cancel()
                let error = try await failure { try await task.value }
                #expect(error.reason == .cancelled && error.statement == "test.sleep")
                let (count, same) = try await pool.pipeline(
                    Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) }), Queries.backend)
                #expect(count == 0 && same == backend)
            }
        }
    }

    @Test func `a deadline stops the query at the server and keeps the connection`() async throws {
        try await withOneConnection(timeout: .milliseconds(300)) { pool, backend in
            let error = try await failure { try await pool.pipeline(Queries.sleep) }
            #expect(error.reason == .deadline && error.isUnavailable)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `the deadline covers a whole transaction`() async throws {
        try await withOneConnection(timeout: .milliseconds(300)) { pool, backend in
            let short = Statement(effect: "test.short", "SELECT pg_sleep(0.02)")
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    for _ in 0..<1000 { try await transaction.run(short) }
                }
            }
            #expect(error.reason == .deadline)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    /// Reads while there is something to read and the deadline has passed: a notification, which a pooler does not pass on.
    private func readLate(isShielded: Bool, _ check: (Session) throws -> Void) async throws {
        try await withOneConnection { pool, _ in
            try await pool.withSession { session in
                try await session.execute(script: "LISTEN test_channel", name: "listen")
                try await Connection.with(pool.configuration) { connection in
                    try await connection.run(Statement(effect: "test.notify", "NOTIFY test_channel"))
                }
                #expect(try await session.hasInput(until: .now + .seconds(60)))
                func read() async throws {
                    session.deadline = .now
                    try await session.awaitInput()
                    try check(session)
                }
                if isShielded {
                    try await session.shielded { try await read() }
                } else {
                    try await session.interruptibly { try await read() }
                }
            }
        }
    }

    @Test(.enabled(if: !TestServer.isPooled))
    func `a server that always has more to say is asked to stop at the deadline`() async throws {
        try await readLate(isShielded: false) { #expect($0.isInterrupted) }
    }

    @Test(.enabled(if: !TestServer.isPooled))
    func `an answer to a rollback that is there is taken, however late it is read`() async throws {
        try await readLate(isShielded: true) { #expect(!$0.isInterrupted && !$0.isBroken) }
    }

    @Test func `scripts are cancelled too`() async throws {
        try await withOneConnection { pool, backend in
            let task = Task {
                try await pool.withTransaction { try await $0.execute(script: "SELECT pg_sleep(60)", name: "script") }
            }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a query that catches the cancellation and goes on still leaves a clean connection`() async throws {
        try await withOneConnection { pool, backend in
            // The block swallows the first cancel request, so the server does not answer in time.
            let stubborn = """
                DO $$ BEGIN
                    FOR i IN 1..3 LOOP
                        BEGIN PERFORM pg_sleep(1.5); EXCEPTION WHEN query_canceled THEN NULL; END;
                    END LOOP;
                END $$
                """
            let task = Task {
                try await pool.withTransaction { try await $0.execute(script: stubborn, name: "script") }
            }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            task.cancel()
            _ = try await failure { try await task.value }
            #expect(try await pool.pipeline(Queries.backend) > 0)
        }
    }
}
