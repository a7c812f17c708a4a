import TestSupport
import Testing

@testable import Postgres

@Suite struct TransactionTests {
    private struct OwnError: Error, Equatable { let number: Int }

    private static let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })

    private func withTable(_ body: (Pool) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 1), body)
        }
    }

    @Test func `a transaction commits when the closure returns`() async throws {
        try await withTable { pool in
            let touched: Int = try await pool.withTransaction { try await $0.run(Self.insert) }
            #expect(touched == 1)
            #expect(try await pool.pipeline(Self.count) == 1)
        }
    }

    @Test func `a transaction rolls back when the closure throws, and its error comes out unchanged`() async throws {
        try await withTable { pool async throws in
            await #expect(throws: OwnError(number: 7)) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.insert)
                    throw OwnError(number: 7)
                }
            }
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test func `the error of a cancelled task's closure comes out unchanged and the connection survives`() async throws
    {
        try await withTable { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let (inside, cancelled) = (Gate(), Gate())
            let task = Task {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.insert)
                    inside.open()
                    await cancelled.wait()
                    throw OwnError(number: 1)
                }
            }
            await inside.wait()
            task.cancel()
            cancelled.open()
            await #expect(throws: OwnError(number: 1)) { try await task.value }
            #expect(try await pool.pipeline(Self.count) == 0)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a closure that hides a failed statement cannot commit`() async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.insert)
                    _ = try await failure { try await transaction.run(Self.divide) }
                }
            }
            #expect(error.reason == .rolledBack)
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test(arguments: 0...3)
    func `dependent steps cost a round trip each and one for COMMIT`(_ steps: Int) async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            let before = try await pool.withSession { $0.roundTrips }
            let last = try await pool.withTransaction { transaction in
                var number = 0
                for _ in 0..<steps {
                    number = try await transaction.run(
                        Statement("test.next", "SELECT \(number) + 1", one: { try $0.next(Int.self) }))
                }
                return number
            }
            #expect(last == steps)
            let expected = steps == 0 ? 0 : steps + 1
            #expect(try await pool.withSession { $0.roundTrips } - before == expected)
        }
    }

    @Test func `a statement after a failed one is refused by the server`() async throws {
        try await withPool { pool in
            _ = try await failure {
                try await pool.withTransaction { transaction in
                    _ = try await failure { try await transaction.run(Self.divide) }
                    let second = try await failure { try await transaction.run(Queries.backend) }
                    #expect(second.state == .inFailedSQLTransaction)
                }
            }
        }
    }

    @Test func `a statement without text gives no rows and does no harm`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let nothing = Statement("test.nothing", "", all: { try $0.next(Int.self) })
            let (none, count, after) = try await pool.pipeline(
                nothing, Statement("test.comment", "-- nothing"), Queries.backend)
            #expect(none.isEmpty && count == 0 && after == backend)
            try await pool.withTransaction { transaction in
                try await transaction.stream(nothing) { rows in
                    for try await row in rows { Issue.record("a row \(row)") }
                }
            }
        }
    }

    @Test func `scripts run inside a transaction and on a connection`() async throws {
        try await withDatabase { database in
            try await Connection.with(database.configuration()) { connection in
                try await connection.execute(script: "CREATE TABLE t (n int); INSERT INTO t VALUES (1);", name: "setup")
                let error = try await failure {
                    try await connection.execute(script: "INSERT INTO t VALUES (2); SELECT 1/0;", name: "script")
                }
                #expect(error.statement == "script" && error.state?.rawValue == "22012")
                #expect(error.source?.hasPrefix("PostgresTests/TransactionTests.swift:") == true)
                let inTransaction = try await failure {
                    try await connection.withTransaction { try await $0.execute(script: "SELECT 1/0", name: "script") }
                }
                #expect(inTransaction.source?.hasPrefix("PostgresTests/TransactionTests.swift:") == true)
                await #expect(throws: OwnError(number: 2)) {
                    try await connection.withTransaction { transaction in
                        try await transaction.execute(script: "INSERT INTO t VALUES (3); TRUNCATE t", name: "script")
                        throw OwnError(number: 2)
                    }
                }
                #expect(try await connection.run(Self.count) == 1)
            }
        }
    }

    @Test func `a script with COPY is refused instead of waiting for ever`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            for script in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
                let error = try await failure { try await database.execute(script) }
                #expect(error.reason == .protocolViolation("COPY in the middle of test"))
            }
        }
    }
}
