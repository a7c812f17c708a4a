import TestSupport
import Testing

@testable import Postgres

@Suite struct RepetitionTests {
    private struct OwnError: Error, Equatable {}

    private static let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
    private static let rows = Statement("test.rows", "SELECT n FROM t ORDER BY n", all: { try $0.next(Int.self) })

    /// Fails as if another transaction was in the way, and counts how often it was run, by a sequence, which forgets nothing.
    private static let contend = Statement(effect: "test.contend", "SELECT contend()")
    private static let runs = Statement(
        "test.runs", "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM runs", one: { try $0.next(Int.self) })

    private static let schema = """
        CREATE TABLE t (n int8 PRIMARY KEY, m int8 NOT NULL DEFAULT 0);
        CREATE SEQUENCE runs;
        CREATE FUNCTION contend() RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM nextval('runs');
                RAISE 'contention' USING ERRCODE = '40001';
            END $$;
        CREATE FUNCTION contend_twice() RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('runs') < 3 THEN RAISE 'contention' USING ERRCODE = '40P01'; END IF;
            END $$;
        """

    private static func insert(_ number: Int) -> Statement<Int> {
        Statement("test.insert", "INSERT INTO t (n) VALUES (\(number))")
    }

    private static func change(_ number: Int) -> Statement<Int> {
        Statement("test.change", "UPDATE t SET m = m + 1 WHERE n = \(number)")
    }

    private func withTable(
        connections: Int = 4, _ change: (inout Configuration) -> Void = { _ in },
        _ body: (Pool, TestDatabase) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            try await database.execute(Self.schema)
            var configuration = database.configuration(maximumConnections: connections)
            change(&configuration)
            try await withPool(configuration) { try await body($0, database) }
        }
    }

    /// Runs the same closure in two transactions at once; in their first attempts both meet where it calls `meet`.
    private func collide(
        _ pool: Pool, _ options: TransactionOptions = .default, retries: Int? = nil, runs: Shared<Int>,
        _ body:
            @escaping @Sendable (Int, inout Transaction, _ meet: @Sendable () async throws -> Void) async throws -> Void
    ) async throws -> [PostgresError] {
        let met = Shared(0)
        return try await withThrowingTaskGroup(of: PostgresError?.self) { group in
            for task in 1...2 {
                group.addTask {
                    do {
                        try await pool.withTransaction(options, retries: retries) { transaction in
                            runs.change { $0 += 1 }
                            try await body(task, &transaction) {
                                met.change { $0 += 1 }
                                try await eventually { met.value >= 2 }
                            }
                        }
                        return nil
                    } catch let error as PostgresError {
                        return error
                    }
                }
            }
            return try await group.reduce(into: []) { errors, error in if let error { errors.append(error) } }
        }
    }

    /// Each adds a row when it sees none: one after the other, only the first does.
    private func skew(_ pool: Pool, retries: Int? = nil, runs: Shared<Int>) async throws -> [PostgresError] {
        try await collide(pool, .serializable, retries: retries, runs: runs) { task, transaction, meet in
            let count = try await transaction.run(Self.count)
            try await meet()
            if count == 0 { _ = try await transaction.run(Self.insert(task)) }
        }
    }

    /// Each takes the row that the other wants next.
    private func deadlock(_ pool: Pool, retries: Int? = nil, runs: Shared<Int>) async throws -> [PostgresError] {
        _ = try await pool.pipeline(Self.insert(1), Self.insert(2))
        return try await collide(pool, retries: retries, runs: runs) { task, transaction, meet in
            _ = try await transaction.run(Self.change(task))
            try await meet()
            _ = try await transaction.run(Self.change(3 - task))
        }
    }

    // MARK: What is repeated

    @Test func `a serialization failure runs the whole closure again`() async throws {
        try await withTable { pool, _ in
            let runs = Shared(0)
            let errors = try await skew(pool, runs: runs)
            #expect(errors.isEmpty && runs.value == 3)
            #expect(try await pool.pipeline(Self.count) == 1)
        }
    }

    @Test func `a serialization failure comes out when nothing may be repeated`() async throws {
        try await withTable { pool, _ in
            let runs = Shared(0)
            let errors = try await skew(pool, retries: 0, runs: runs)
            #expect(errors.map(\.state) == [.serializationFailure] && runs.value == 2)
            #expect(errors.allSatisfy { $0.reason == .server && $0.isContention && !$0.isUnavailable })
            #expect(try await pool.pipeline(Self.count) == 1)
        }
    }

    @Test func `a deadlock runs the closure of one of the two again`() async throws {
        try await withTable { pool, _ in
            let runs = Shared(0)
            let errors = try await deadlock(pool, runs: runs)
            #expect(errors.isEmpty && runs.value == 3)
            let changes = Statement("test.changes", "SELECT m FROM t", all: { try $0.next(Int.self) })
            #expect(try await pool.pipeline(changes) == [2, 2])
        }
    }

    @Test func `a deadlock comes out when nothing may be repeated`() async throws {
        try await withTable({ $0.maximumRetries = 0 }) { pool, _ in
            let runs = Shared(0)
            let errors = try await deadlock(pool, runs: runs)
            #expect(errors.map(\.state) == [.deadlockDetected] && runs.value == 2)
        }
    }

    @Test func `a pipeline is repeated too, from its beginning, and its rows are there once`() async throws {
        try await withTable { pool, _ in
            let contend = Statement(effect: "test.contend", "SELECT contend_twice()")
            let (inserted, _, count) = try await pool.pipeline(Self.insert(1), contend, Self.count)
            #expect(inserted == 1 && count == 1)
            #expect(try await pool.pipeline(Self.runs) == 3)
        }
    }

    @Test func `a repeated closure has its prelude again and gives the last run's result`() async throws {
        try await withTable { pool, _ in
            let prelude = Statement(effect: "test.prelude", "SELECT set_config('test.tenant', 'seven', true)")
            let tenant = Statement(
                "test.tenant", "SELECT current_setting('test.tenant')", one: { try $0.next(String.self) })
            let contend = Statement(effect: "test.contend", "SELECT contend_twice()")
            var runs = 0
            let result = try await pool.withTransaction(prelude: [prelude]) { transaction in
                runs += 1
                let (tenant, _) = try await transaction.pipeline(tenant, contend)
                return "\(tenant) \(runs)"
            }
            #expect(result == "seven 3")
        }
    }

    // MARK: How often and how long

    @Test(arguments: [0, 1, 4])
    func `what always fails stops after the bound`(_ retries: Int) async throws {
        try await withTable({ $0.maximumRetries = retries }) { pool, _ in
            let alone = try await failure { try await pool.pipeline(Self.contend) }
            #expect(alone.state == .serializationFailure && alone.statement == "test.contend")
            #expect(try await pool.pipeline(Self.runs) == retries + 1)
            var runs = 0
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    runs += 1
                    try await transaction.run(Self.contend)
                }
            }
            #expect(error.state == .serializationFailure && runs == retries + 1)
            #expect(try await pool.pipeline(Self.runs) == 2 * (retries + 1))
        }
    }

    @Test(arguments: [0, 2])
    func `a transaction's own bound wins over the pool's`(_ retries: Int) async throws {
        try await withTable({ $0.maximumRetries = 1 }) { pool, _ in
            _ = try await failure {
                try await pool.withTransaction(retries: retries) { try await $0.run(Self.contend) }
            }
            #expect(try await pool.pipeline(Self.runs) == retries + 1)
        }
    }

    @Test func `the time limit covers all repetitions`() async throws {
        try await withTable({ $0.transactionTimeout = .seconds(2) }) { pool, _ in
            let began = ContinuousClock.now
            let error = try await failure {
                try await pool.withTransaction(retries: 1_000_000) { try await $0.run(Self.contend) }
            }
            // Either no time was left for another run, or it ended within one.
            #expect(error.state == .serializationFailure || error.reason == .deadline)
            #expect(ContinuousClock.now - began < .seconds(30))
            #expect(try await pool.pipeline(Self.runs) >= 1)
        }
    }

    @Test func `a repetition whose statement does not end is stopped when the time of all is over`() async throws {
        try await withTable { pool, _ in
            let began = ContinuousClock.now
            var runs = 0
            let error = try await failure {
                try await pool.withTransaction(timeout: .seconds(8), retries: 3) { transaction in
                    runs += 1
                    if runs == 2 { try await transaction.run(Queries.sleep) }
                    try await transaction.run(Self.contend)
                }
            }
            // A client that gets no processor for a second leaves it to the server's statement_timeout.
            #expect((error.reason == .deadline || error.state == .queryCanceled) && runs == 2)
            #expect(ContinuousClock.now - began < .seconds(30))
        }
    }

    @Test func `cancelling between two repetitions ends them`() async throws {
        try await withTable { pool, _ in
            let runs = Shared(0)
            let task = Task {
                try await pool.withTransaction(retries: 1_000_000) { transaction in
                    runs.change { $0 += 1 }
                    try await transaction.run(Self.contend)
                }
            }
            try await eventually(within: .seconds(60)) { runs.value >= 3 }
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(try await pool.pipeline(Self.rows) == [])
        }
    }

    // MARK: What is not repeated

    @Test func `the closure's own error is not repeated, even when one that could be caused it`() async throws {
        try await withTable { pool, _ in
            for causes in [false, true] {
                var runs = 0
                await #expect(throws: OwnError()) {
                    try await pool.withTransaction { transaction in
                        runs += 1
                        if causes { _ = try await failure { try await transaction.run(Self.contend) } }
                        throw OwnError()
                    }
                }
                #expect(runs == 1)
            }
        }
    }

    @Test func `another error of the server is not repeated`() async throws {
        try await withTable { pool, _ in
            var runs = 0
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    runs += 1
                    _ = try await transaction.pipeline(Self.insert(1), Self.insert(1))
                }
            }
            #expect(error.state == .uniqueViolation && runs == 1)
        }
    }

    @Test func `a COMMIT whose answer was lost is not repeated`() async throws {
        try await withTable(connections: 1) { pool, database in
            try await database.execute(
                """
                CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION pause();
                """)
            let backend = try await pool.pipeline(Queries.backend)
            let runs = Shared(0)
            let task = Task {
                try await pool.withTransaction { transaction in
                    runs.change { $0 += 1 }
                    _ = try await transaction.run(Self.insert(1))
                }
            }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            _ = try await observe(Queries.terminate(backend))
            let error = try await failure { try await task.value }
            #expect(error.reason == .commitUnknown && !error.isRepeatable && runs.value == 1)
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }
}
