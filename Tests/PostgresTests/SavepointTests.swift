import TestSupport
import Testing

@testable import Postgres

@Suite struct SavepointTests {
    private struct OwnError: Error, Equatable {}

    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let rows = Statement("test.rows", "SELECT n FROM t ORDER BY n", all: { try $0.next(Int.self) })

    private static func insert(_ number: Int) -> Statement<Int> {
        Statement("test.insert", "INSERT INTO t VALUES (\(number))")
    }

    private func withTable(_ body: (Pool) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int8 PRIMARY KEY)")
            try await withPool(database.configuration(maximumConnections: 1), body)
        }
    }

    private func roundTrips(_ pool: Pool, of body: () async throws -> Void) async throws -> Int {
        let before = try await pool.withSession { $0.roundTrips }
        try await body()
        return try await pool.withSession { $0.roundTrips } - before
    }

    private func throwsOwnError(_ body: () async throws -> Void) async throws {
        await #expect(throws: OwnError()) { try await body() }
    }

    // MARK: What is kept and what is undone

    @Test func `what savepoints within savepoints did is kept when their closures return`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                _ = try await transaction.run(Self.insert(1))
                try await transaction.withSavepoint { transaction in
                    _ = try await transaction.run(Self.insert(2))
                    _ = try await transaction.withSavepoint { try await $0.run(Self.insert(3)) }
                }
            }
            #expect(try await pool.pipeline(Self.rows) == [1, 2, 3])
        }
    }

    @Test func `an error undoes its own savepoint and the transaction goes on`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                _ = try await transaction.run(Self.insert(1))
                let error = try await failure {
                    try await transaction.withSavepoint { transaction in
                        _ = try await transaction.run(Self.insert(2))
                        _ = try await transaction.run(Self.divide)
                    }
                }
                #expect(error.state == .divisionByZero && error.statement == "test.divide")
                _ = try await transaction.run(Self.insert(3))
            }
            #expect(try await pool.pipeline(Self.rows) == [1, 3])
        }
    }

    @Test func `the closure's own error comes out unchanged and undoes what was sent`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                try await throwsOwnError {
                    try await transaction.withSavepoint { transaction in
                        _ = try await transaction.run(Self.insert(1))
                        throw OwnError()
                    }
                }
                #expect(try await transaction.run(Self.rows) == [])
            }
        }
    }

    @Test func `an inner error undoes the inner savepoint alone, one that goes on out undoes the outer one`()
        async throws
    {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                for hides in [true, false] {
                    do {
                        try await transaction.withSavepoint { transaction in
                            _ = try await transaction.run(Self.insert(hides ? 1 : 2))
                            do {
                                try await transaction.withSavepoint { transaction in
                                    _ = try await transaction.run(Self.insert(3))
                                    throw OwnError()
                                }
                            } catch  where hides {}
                            _ = try await transaction.run(Self.insert(4))
                        }
                    } catch is OwnError {}
                }
            }
            #expect(try await pool.pipeline(Self.rows) == [1, 4])
        }
    }

    @Test func `another row goes in after a unique violation`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                _ = try await transaction.run(Self.insert(1))
                let error = try await failure {
                    try await transaction.withSavepoint { _ = try await $0.pipeline(Self.insert(2), Self.insert(1)) }
                }
                #expect(error.state == .uniqueViolation && error.violates("t_pkey"))
                try await transaction.withSavepoint { _ = try await $0.run(Self.insert(3)) }
            }
            #expect(try await pool.pipeline(Self.rows) == [1, 3])
        }
    }

    @Test func `a script that fails within a savepoint is undone`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { transaction in
                let script = "INSERT INTO t VALUES (1); SELECT 1/0"
                let error = try await failure {
                    try await transaction.withSavepoint { try await $0.execute(script: script, name: "script") }
                }
                #expect(error.state == .divisionByZero)
                _ = try await transaction.run(Self.insert(2))
            }
            #expect(try await pool.pipeline(Self.rows) == [2])
        }
    }

    @Test func `a savepoint in a transaction that failed before cannot save it`() async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    _ = try await failure { try await transaction.run(Self.divide) }
                    let inner = try await failure {
                        try await transaction.withSavepoint { _ = try await $0.run(Self.insert(1)) }
                    }
                    #expect(inner.state == .inFailedSQLTransaction)
                }
            }
            #expect(error.reason == .rolledBack)
            #expect(try await pool.pipeline(Self.rows) == [])
        }
    }

    @Test func `a closure that hides a failed statement from its savepoint cannot commit`() async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.withSavepoint { transaction in
                        _ = try await failure { try await transaction.run(Self.divide) }
                    }
                }
            }
            #expect(error.state == .inFailedSQLTransaction)
        }
    }

    @Test func `a stale statement whose error stayed in a savepoint is prepared anew the next time`() async throws {
        try await withTable { pool in
            let all = Statement("test.all", "SELECT * FROM t", all: { try $0.next(Int.self) })
            _ = try await pool.pipeline(Self.insert(1), all)
            try await pool.withTransaction { try await $0.execute(script: "ALTER TABLE t ADD m int", name: "script") }
            var answers: [[Int]?] = []
            for _ in 0..<2 {
                try await pool.withTransaction { transaction in
                    do { answers.append(try await transaction.withSavepoint { try await $0.run(all) }) } catch {
                        answers.append(nil)
                    }
                }
            }
            #expect(answers.last == [1])
        }
    }

    // MARK: Before anything is sent

    @Test func `an error before anything was sent leaves no trace of its savepoint`() async throws {
        try await withTable { pool in
            let trips = try await roundTrips(pool) {
                try await pool.withTransaction { transaction in
                    try await throwsOwnError {
                        try await transaction.withSavepoint {
                            try await $0.withSavepoint { _ in }
                            throw OwnError()
                        }
                    }
                    _ = try await transaction.run(Self.insert(1))
                }
            }
            #expect(trips == 2)
        }
    }

    @Test(arguments: [false, true])
    func `a statement that cannot be sent leaves the transaction as it was`(_ inSavepoint: Bool) async throws {
        try await withTable { pool in
            let values = SQL.joined((0..<70_000).map { number in "(\(number))" }, by: ", ")
            let huge = Statement("test.huge", "INSERT INTO t VALUES \(values)")
            try await throwsOwnError {
                try await pool.withTransaction { transaction in
                    let error = try await failure {
                        guard inSavepoint else { return try await transaction.run(huge) }
                        return try await transaction.withSavepoint { try await $0.run(huge) }
                    }
                    #expect(error.reason == .tooLarge)
                    _ = try await transaction.run(Self.insert(1))
                    throw OwnError()
                }
            }
            #expect(try await pool.pipeline(Self.rows) == [])
        }
    }

    // MARK: Round trips

    @Test func `savepoints cost no round trip of their own`() async throws {
        try await withTable { pool in
            // BEGIN and SAVEPOINT go with the first insertion, RELEASE with the second, what is left with COMMIT.
            let trips = try await roundTrips(pool) {
                try await pool.withTransaction { transaction in
                    try await transaction.withSavepoint {
                        _ = try await $0.withSavepoint { try await $0.run(Self.insert(1)) }
                    }
                    try await transaction.withSavepoint { _ = try await $0.run(Self.insert(2)) }
                }
            }
            #expect(trips == 3)
            #expect(try await pool.pipeline(Self.rows) == [1, 2])
        }
    }

    @Test func `a savepoint that is undone costs one round trip`() async throws {
        try await withTable { pool in
            let trips = try await roundTrips(pool) {
                try await pool.withTransaction { transaction in
                    try await throwsOwnError {
                        try await transaction.withSavepoint { transaction in
                            _ = try await transaction.run(Self.insert(1))
                            throw OwnError()
                        }
                    }
                }
            }
            #expect(trips == 3)
        }
    }

    @Test func `savepoints that ran nothing cost nothing`() async throws {
        try await withTable { pool in
            let alone = try await roundTrips(pool) {
                try await pool.withTransaction { transaction in
                    for _ in 0..<3 { try await transaction.withSavepoint { _ in } }
                }
            }
            #expect(alone == 0)
            let between = try await roundTrips(pool) {
                try await pool.withTransaction { transaction in
                    try await transaction.withSavepoint { _ in }
                    _ = try await transaction.run(Self.insert(1))
                    try await transaction.withSavepoint { _ in }
                }
            }
            #expect(between == 2)
            #expect(try await pool.pipeline(Self.rows) == [1])
        }
    }

    // MARK: Cancellation

    @Test func `a task that is cancelled within a savepoint commits nothing, whatever its closure hides`() async throws
    {
        try await withTable { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let task = Task {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.insert(1))
                    let error = try await failure {
                        try await transaction.withSavepoint { transaction in
                            _ = try await transaction.run(Self.insert(2))
                            try await transaction.run(Queries.sleep)
                        }
                    }
                    #expect(error.reason == .cancelled && error.statement == "test.sleep")
                    let next = try await failure { try await transaction.run(Self.insert(3)) }
                    #expect(next.reason == .cancelled)
                }
            }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            let (rows, same) = try await pool.pipeline(Self.rows, Queries.backend)
            #expect(rows == [] && same == backend)
        }
    }
}
