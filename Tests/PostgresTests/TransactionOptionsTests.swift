import TestSupport
import Testing

@testable import Postgres

@Suite struct TransactionOptionsTests {
    private static let isolation = Statement(
        "test.isolation", "SHOW transaction_isolation", one: { try $0.next(String.self) })
    private static let readOnly = Statement(
        "test.readOnly", "SHOW transaction_read_only", one: { try $0.next(String.self) })
    private static let deferrable = Statement(
        "test.deferrable", "SHOW transaction_deferrable", one: { try $0.next(String.self) })
    private static let statementTimeout = Statement(
        "test.statementTimeout", "SHOW statement_timeout", one: { try $0.next(String.self) })
    private static let lockTimeout = Statement(
        "test.lockTimeout", "SHOW lock_timeout", one: { try $0.next(String.self) })
    private static let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")

    /// How the server sees a transaction: its isolation, whether it is read only, and whether it is deferrable.
    private func shown(_ pool: Pool, _ options: TransactionOptions) async throws -> [String] {
        try await pool.withTransaction(options) { transaction in
            let (isolation, readOnly, deferrable) = try await transaction.pipeline(
                Self.isolation, Self.readOnly, Self.deferrable)
            return [isolation, readOnly, deferrable]
        }
    }

    private func withTable(
        _ change: (inout Configuration) -> Void = { _ in }, _ body: (Pool, TestDatabase) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            var configuration = database.configuration(maximumConnections: 2)
            change(&configuration)
            try await withPool(configuration) { try await body($0, database) }
        }
    }

    // MARK: BEGIN

    @Test(arguments: [
        (TransactionOptions.default, ["read committed", "off", "off"]),
        (.readOnly, ["read committed", "on", "off"]),
        (.serializable, ["serializable", "off", "off"]),
        (TransactionOptions(isolation: .readCommitted, isReadOnly: false), ["read committed", "off", "off"]),
        (TransactionOptions(isolation: .repeatableRead), ["repeatable read", "off", "off"]),
        (TransactionOptions(isDeferrable: true), ["read committed", "off", "on"]),
        (
            TransactionOptions(isolation: .serializable, isReadOnly: true, isDeferrable: true),
            ["serializable", "on", "on"]
        ),
    ])
    func `the server sees a transaction's options`(_ options: TransactionOptions, _ expected: [String]) async throws {
        try await withPool { pool async throws in
            #expect(try await shown(pool, options) == expected)
            // The next one on the same connection has its own.
            #expect(try await shown(pool, .default) == ["read committed", "off", "off"])
        }
    }

    @Test func `what the options leave out is the server's, what they say wins over it`() async throws {
        try await withDatabase { database in
            try await database.execute(
                """
                ALTER DATABASE "\(database.name)" SET default_transaction_isolation = 'repeatable read';
                ALTER DATABASE "\(database.name)" SET default_transaction_read_only = on;
                """)
            try await withPool(database.configuration()) { pool async throws in
                #expect(try await shown(pool, .default) == ["repeatable read", "on", "off"])
                #expect(try await shown(pool, .serializable) == ["serializable", "on", "off"])
                let writing = TransactionOptions(isolation: .readCommitted, isReadOnly: false)
                #expect(try await shown(pool, writing) == ["read committed", "off", "off"])
            }
        }
    }

    @Test func `a connection's own transactions have options too`() async throws {
        try await Connection.with(TestServer.configuration()) { connection in
            let (isolation, readOnly) = try await connection.withTransaction(
                TransactionOptions(isolation: .serializable, isReadOnly: true)
            ) { try await $0.pipeline(Self.isolation, Self.readOnly) }
            #expect(isolation == "serializable" && readOnly == "on")
        }
    }

    @Test func `a read-only transaction refuses to write`() async throws {
        try await withTable { pool, _ in
            let error = try await failure {
                try await pool.withTransaction(.readOnly) { try await $0.run(Self.insert) }
            }
            #expect(error.state == .readOnlySQLTransaction && error.statement == "test.insert")
            #expect(try await pool.withTransaction { try await $0.run(Self.insert) } == 1)
        }
    }

    @Test func `a transaction that is run again has its options again`() async throws {
        try await withTable { pool, database in
            try await database.execute(
                """
                CREATE SEQUENCE runs;
                CREATE FUNCTION contend_once() RETURNS void LANGUAGE plpgsql AS $$
                    BEGIN
                        IF nextval('runs') = 1 THEN RAISE 'contention' USING ERRCODE = '40001'; END IF;
                    END $$;
                """)
            let contend = Statement(effect: "test.contend", "SELECT contend_once()")
            var seen: [String] = []
            try await pool.withTransaction(.serializable) { transaction in
                seen.append(try await transaction.run(Self.isolation))
                try await transaction.run(contend)
            }
            #expect(seen == ["serializable", "serializable"])
        }
    }

    @Test func `options hold when a prepared statement had to make room`() async throws {
        try await withTable({ $0.preparedStatementLimit = 4 }) { pool, _ async throws in
            let options = TransactionOptions(isolation: .serializable, isReadOnly: true, isDeferrable: true)
            for _ in 0..<4 {
                #expect(try await shown(pool, options) == ["serializable", "on", "on"])
                #expect(try await shown(pool, .default) == ["read committed", "off", "off"])
            }
        }
    }

    @Test func `options hold when all statements had to be prepared anew`() async throws {
        try await withTable({ $0.maximumConnections = 1 }) { pool, database in
            let all = Statement("test.all", "SELECT * FROM t", all: { try $0.next(Int32.self) })
            _ = try await pool.pipeline(Self.insert, all)
            try await database.execute("ALTER TABLE t ADD m int")
            let (isolation, rows) = try await pool.withTransaction(.serializable) { transaction in
                try await transaction.pipeline(Self.isolation, all)
            }
            #expect(isolation == "serializable" && rows == [1])
        }
    }

    // MARK: Time limits

    @Test func `the server's limits on a statement and a lock follow the configuration's`() async throws {
        try await withTable {
            $0.transactionTimeout = .seconds(20)
            $0.lockTimeout = .milliseconds(1500)
        } _: { pool, _ in
            let (statement, lock) = try await pool.pipeline(Self.statementTimeout, Self.lockTimeout)
            #expect(statement == "21s" && lock == "1500ms")
            let inTransaction = try await pool.withTransaction(.serializable) {
                try await $0.run(Self.statementTimeout)
            }
            #expect(inTransaction == "21s")
        }
    }

    @Test func `a lock's limit that is not configured is left to the server`() async throws {
        try await withDatabase { database in
            try await database.execute("ALTER DATABASE \"\(database.name)\" SET lock_timeout = '7s'")
            try await withPool(database.configuration()) { pool in
                let plain = try await pool.pipeline(Self.lockTimeout)
                let limited = try await pool.withTransaction(timeout: .seconds(30)) {
                    try await $0.run(Self.lockTimeout)
                }
                #expect(plain == "7s" && limited == "7s")
            }
        }
    }

    @Test func `a transaction's own time limit holds for it alone`() async throws {
        try await withTable {
            $0.maximumConnections = 1
            $0.transactionTimeout = .seconds(20)
            $0.lockTimeout = .milliseconds(1500)
        } _: { pool, _ in
            for timeout in [30, 300] {
                let (statement, lock) = try await pool.withTransaction(timeout: .seconds(timeout)) {
                    try await $0.pipeline(Self.statementTimeout, Self.lockTimeout)
                }
                #expect(statement == (timeout == 30 ? "31s" : "301s") && lock == "1500ms")
                #expect(try await pool.pipeline(Self.statementTimeout) == "21s")
            }
            let error = try await failure {
                try await pool.withTransaction(timeout: .milliseconds(100)) { try await $0.run(Queries.sleep) }
            }
            #expect(error.reason == .deadline)
            #expect(try await pool.pipeline(Self.statementTimeout) == "21s")
        }
    }

    // A pooler ends the server's session with the client's.
    @Test(.enabled(if: !TestServer.isPooled))
    func `a server that no request to stop reaches stops at its own limit`() async throws {
        try await withProxiedPool {
            $0.transactionTimeout = .milliseconds(300)
            $0.grace = .milliseconds(100)
        } _: { proxy, pool, database in
            try await database.execute(
                """
                CREATE TABLE stopped (why text);
                CREATE FUNCTION nap() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_sleep(60);
                EXCEPTION WHEN query_canceled THEN INSERT INTO stopped VALUES (SQLERRM);
                END $$;
                """)
            _ = try await pool.pipeline(Queries.backend)
            // The request to stop would need a connection of its own.
            proxy.change { $0.refusesConnections = true }
            let error = try await failure { try await pool.pipeline(Statement(effect: "test.nap", "SELECT nap()")) }
            #expect(error.reason == .commitUnknown)
            // COMMIT was there before the client gave up.
            try await eventually { try await database.number("SELECT count(*) FROM stopped") == 1 }
            let why = try await database.texts("SELECT why FROM stopped")
            #expect(why == ["canceling statement due to statement timeout"])
        }
    }

    /// Behind a pooler they meet the session that had the pool's limits just now.
    @Test func `connections outside the pool have no limits`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.lockTimeout = .seconds(1)
        let limit = try await withPool(configuration) { try await $0.pipeline(Self.lockTimeout) }
        #expect(limit == "1s")
        try await Connection.with(configuration) { connection async throws in
            #expect(try await connection.run(Self.statementTimeout) == "0")
            #expect(try await connection.run(Self.lockTimeout) == "0")
        }
    }

    @Test func `waiting for a lock ends after the configured time, and the transaction's savepoint saves the rest`()
        async throws
    {
        try await withTable({ $0.lockTimeout = .milliseconds(50) }) { pool, _ in
            let exclusively = Statement(effect: "test.lock", "LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            let (isHeld, isOver) = (Gate(), Gate())
            let holder = Task {
                try await pool.withTransaction { transaction in
                    try await transaction.run(exclusively)
                    isHeld.open()
                    await isOver.wait()
                }
            }
            await isHeld.wait()
            let plain = try await failure { try await pool.pipeline(Self.insert) }
            #expect(plain.state == .lockNotAvailable && plain.isContention && !plain.isRepeatable)
            let limited = try await failure {
                try await pool.withTransaction(timeout: .seconds(30)) { try await $0.run(Self.insert) }
            }
            #expect(limited.state == .lockNotAvailable && limited.statement == "test.insert")
            isOver.open()
            try await holder.value
            #expect(try await pool.pipeline(Self.insert) == 1)
        }
    }

    // MARK: The URL

    // A pooler drops what the URL sets for a session, since a session is not one client's.
    @Test(.enabled(if: !TestServer.isPooled))
    func `options in the URL win over the configuration's limits`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.url += "&options=-c%20lock_timeout%3D777ms%20-c%20statement_timeout%3D9s"
        configuration.lockTimeout = .seconds(1)
        try await withPool(configuration) { pool in
            let (statement, lock) = try await pool.pipeline(Self.statementTimeout, Self.lockTimeout)
            #expect(statement == "9s" && lock == "777ms")
            let inTransaction = try await pool.withTransaction { try await $0.run(Self.lockTimeout) }
            #expect(inTransaction == "777ms")
        }
    }

    // As above.
    @Test(.enabled(if: !TestServer.isPooled))
    func `a transaction's own time limit leaves the URL's limit on locks as it is`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.url += "&options=-c%20lock_timeout%3D777ms"
        configuration.lockTimeout = .seconds(1)
        try await withPool(configuration) { pool in
            let (statement, lock) = try await pool.withTransaction(timeout: .seconds(30)) {
                try await $0.pipeline(Self.statementTimeout, Self.lockTimeout)
            }
            #expect(statement == "31s" && lock == "777ms")
        }
    }
}
