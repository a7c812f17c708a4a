import TestSupport
import Testing

@testable import Postgres

@Suite struct PreparedStatementTests {
    private func number(_ sql: SQL) -> Statement<Int> { Statement("test.number", sql, one: { try $0.next(Int.self) }) }

    private func prepared(_ pool: Pool) async throws -> Int {
        try await pool.withSession { $0.prepared.count }
    }

    private func withOneConnection(_ body: (Pool) async throws -> Void) async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1), body)
    }

    @Test func `a statement is prepared once for a connection`() async throws {
        try await withOneConnection { pool in
            for value in 0..<10 { #expect(try await pool.pipeline(number("SELECT \(value)")) == value) }
            #expect(try await prepared(pool) == 3)  // BEGIN, the statement, COMMIT
            let onServer = try await pool.pipeline(number("SELECT count(*) FROM pg_prepared_statements"))
            #expect(onServer == 4)
        }
    }

    @Test func `the same text with values of other types is another statement`() async throws {
        func double<Value: PostgresEncodable>(_ value: Value) -> Statement<Int> {
            number("SELECT \(value) * 2")
        }
        try await withOneConnection { pool in
            let first = try await pool.pipeline(double(21))
            let second = try await pool.pipeline(double(Int32(4)))
            let both = try await pool.pipeline(double(Int16(5)), double(6))
            #expect(first == 42 && second == 8 && both == (10, 12))
        }
    }

    @Test func `a refused statement is forgotten and the names of the others stay apart`() async throws {
        try await withOneConnection { pool in
            let refused = number("SELECT nothing FROM nowhere")
            #expect(try await pool.pipeline(number("SELECT 1")) == 1)
            for _ in 0..<2 {
                let error = try await failure {
                    try await pool.pipeline(number("SELECT 2"), refused, number("SELECT 3"))
                }
                #expect(error.state == .undefinedTable && error.statement == "test.number")
            }
            for value in 1...5 {
                let sql = SQL.joined(Array(repeating: "1", count: value), by: "+")
                #expect(try await pool.pipeline(number("SELECT \(sql)")) == value)
            }
            #expect(try await pool.pipeline(number("SELECT 3"), number("SELECT 2")) == (3, 2))
        }
    }

    @Test func `more statements than the limit are dropped between transactions`() async throws {
        try await withOneConnection { pool in
            for round in 0..<3 {
                try await pool.withTransaction { transaction in
                    let statements = (0..<600).map { index in
                        // Another text each: the number in binary.
                        let digits = (0..<10).map { (index + round * 600) >> $0 & 1 == 1 ? SQL("+1") : SQL("-1") }
                        return number("SELECT 0 \(SQL.joined(digits, by: " ")) - \(index)")
                    }
                    _ = try await transaction.pipeline(all: statements)
                }
                let count = try await prepared(pool)
                #expect(count <= Session.preparedLimit + 602)
                let onServer = try await pool.pipeline(number("SELECT count(*) FROM pg_prepared_statements"))
                #expect(try await prepared(pool) == onServer || onServer <= count + 4)
            }
        }
    }

    @Test func `a changed schema fails one attempt for a connection and the next succeeds`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let select = Statement("test.select", "SELECT * FROM t", all: { try $0.next(Int.self) })
                #expect(try await pool.pipeline(select) == [1])
                try await database.execute("ALTER TABLE t ALTER COLUMN n TYPE bigint")
                let error = try await failure { try await pool.pipeline(select) }
                #expect(error.state == .featureNotSupported)
                #expect(try await pool.pipeline(select) == [1])
            }
        }
    }

    @Test func `statements dropped behind our back fail one attempt and the next succeeds`() async throws {
        try await withOneConnection { pool in
            #expect(try await pool.pipeline(number("SELECT 1")) == 1)
            let error = try await failure {
                try await pool.withTransaction { try await $0.execute(script: "DEALLOCATE ALL", name: "test") }
            }
            #expect(error.state == .invalidSQLStatementName)
            #expect(try await pool.pipeline(number("SELECT 1")) == 1)
        }
    }
}
