import TestSupport
import Testing

@testable import Postgres

/// What stands prepared at the server, which behind a pooler is nothing.
@Suite(.enabled(if: !TestServer.isPooled)) struct PreparedStatementTests {
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

    @Test func `the statements that were not used for longest make room for others`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.preparedStatementLimit = 8
        try await withPool(configuration) { pool in
            let often = number("SELECT 1")
            for round in 0..<100 {
                // Another text each: the number in binary.
                let digits = (0..<10).map { round >> $0 & 1 == 1 ? SQL("+1") : SQL("-1") }
                let (one, _) = try await pool.pipeline(often, number("SELECT 0 \(SQL.joined(digits, by: " "))"))
                #expect(one == 1)
            }
            let names = Statement(
                "test.names",
                "SELECT count(*), count(*) FILTER (WHERE statement = 'SELECT 1') FROM pg_prepared_statements",
                one: { try ($0.next(Int.self), $0.next(Int.self)) })
            let (count, usedOften) = try await pool.pipeline(names)
            #expect(usedOften == 1)
            // The one that makes room goes with the next round trip.
            #expect((8...9).contains(count))
        }
    }

    @Test func `more statements in one pipeline than the limit run, and do not stay`() async throws {
        try await withOneConnection { pool in
            try await pool.withTransaction { transaction in
                let statements = (0..<600).map { index in
                    let digits = (0..<10).map { index >> $0 & 1 == 1 ? SQL("+1") : SQL("-1") }
                    return number("SELECT 0 \(SQL.joined(digits, by: " ")) - \(index)")
                }
                _ = try await transaction.pipeline(all: statements)
            }
            let onServer = try await pool.pipeline(number("SELECT count(*) FROM pg_prepared_statements"))
            #expect(onServer <= pool.configuration.preparedStatementLimit + 4)
            #expect(try await prepared(pool) <= pool.configuration.preparedStatementLimit)
        }
    }

    @Test func `a refused statement that fills the cache is not dropped at the server, which never had it`()
        async throws
    {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.preparedStatementLimit = 1
        try await withPool(configuration) { pool in
            let sum = try await pool.withTransaction { transaction in
                let error = try await failure {
                    try await transaction.withSavepoint {
                        try await $0.pipeline(number("SELECT 1"), number("SELECT nothing"), number("SELECT 2"))
                    }
                }
                #expect(error.state == .undefinedColumn)
                let (three, four) = try await transaction.pipeline(number("SELECT 3"), number("SELECT 4"))
                return three + four
            }
            #expect(sum == 7)
        }
    }

    @Test(arguments: [true, false])
    func `a changed schema is not noticed: the transaction is run once more`(_ isPipelined: Bool) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int); CREATE TABLE log (n int); INSERT INTO t VALUES (1)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let log = Statement("test.log", "INSERT INTO log VALUES (1)")
                let select = Statement("test.select", "SELECT * FROM t", all: { try $0.next(Int.self) })
                func read() async throws -> [Int] {
                    if isPipelined { return try await pool.pipeline(log, select).1 }
                    return try await pool.withTransaction { transaction in
                        _ = try await transaction.run(log)
                        return try await transaction.run(select)
                    }
                }
                let backend = try await pool.pipeline(Queries.backend)
                #expect(try await read() == [1])
                try await database.execute("ALTER TABLE t ALTER COLUMN n TYPE bigint")
                #expect(try await read() == [1])
                #expect(try await pool.pipeline(number("SELECT count(*) FROM log")) == 2)
                #expect(try await pool.pipeline(Queries.backend) == backend)
            }
        }
    }

    /// Each would run and commit by itself.
    @Test(arguments: [true, false])
    func `after a refused BEGIN nothing of the transaction is run`(_ hasSavepoint: Bool) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await Connection.with(database.configuration()) { connection in
                _ = try await connection.withTransaction { try await $0.run(number("SELECT 1")) }
                // BEGIN, which stands prepared, is dropped too.
                try await connection.execute(script: "DISCARD ALL", name: "test")
                let runs = Shared(0)
                await #expect(throws: Stop.self) {
                    try await connection.withTransaction { transaction in
                        runs.change { $0 += 1 }
                        if runs.value == 1 {
                            if hasSavepoint {
                                _ = try? await transaction.withSavepoint { try await $0.run(number("SELECT 1")) }
                            } else {
                                _ = try? await transaction.run(number("SELECT 1"))
                            }
                        }
                        _ = try await transaction.run(Statement<Int>("test.insert", "INSERT INTO t VALUES (1)"))
                        throw Stop()
                    }
                }
                #expect(runs.value == 2)
                #expect(try await connection.run(number("SELECT count(*) FROM t")) == 0)
            }
        }
    }

    private struct Stop: Error {}

    @Test(arguments: ["DISCARD ALL", "DEALLOCATE ALL"])
    func `statements dropped behind our back are prepared again`(_ command: String) async throws {
        try await withOneConnection { pool in
            let backend = try await pool.pipeline(Queries.backend)
            #expect(try await pool.pipeline(number("SELECT 1")) == 1)
            try await pool.withSession { try await $0.execute(script: command, name: "test") }
            let (one, two) = try await pool.pipeline(number("SELECT 1"), number("SELECT 2"))
            #expect(one == 1 && two == 2)
            try await pool.withSession { try await $0.execute(script: command, name: "test") }
            let again = try await pool.withTransaction { try await $0.run(number("SELECT 1")) }
            #expect(again == 1)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false])
    func `statements dropped within a transaction are prepared again`(_ hasSavepoint: Bool) async throws {
        try await withOneConnection { pool in
            let backend = try await pool.pipeline(Queries.backend)
            // What rolls back has been needed before.
            for _ in 0..<2 {
                _ = try await failure {
                    try await pool.withTransaction { transaction in
                        _ = try await failure {
                            try await transaction.withSavepoint { try await $0.run(number("SELECT 1 / 0")) }
                        }
                        _ = try await transaction.run(number("SELECT 1 / 0"))
                    }
                }
            }
            let runs = Shared(0)
            let one = try await pool.withTransaction { transaction in
                runs.change { $0 += 1 }
                _ = try await transaction.run(number("SELECT 1"))
                if runs.value == 1 { try await transaction.execute(script: "DEALLOCATE ALL", name: "test") }
                guard hasSavepoint else { return try await transaction.run(number("SELECT 1")) }
                let error = try await failure {
                    try await transaction.withSavepoint { try await $0.run(number("SELECT 1")) }
                }
                #expect(error.state == .invalidSQLStatementName)
                return try await transaction.run(number("SELECT 1"))
            }
            #expect(one == 1 && runs.value == (hasSavepoint ? 1 : 2))
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `statements dropped in every run of a transaction are an error after the second`() async throws {
        try await withOneConnection { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let runs = Shared(0)
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    runs.change { $0 += 1 }
                    _ = try await transaction.run(number("SELECT 1"))
                    try await transaction.execute(script: "DEALLOCATE ALL", name: "test")
                    _ = try await transaction.run(number("SELECT 1"))
                }
            }
            #expect(error.state == .invalidSQLStatementName && error.statement == "test.number" && runs.value == 2)
            // What the second run prepared is gone as well, which the next transaction gets over by itself.
            #expect(try await pool.pipeline(number("SELECT 1")) == 1)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a feature that the server does not support is refused once`() async throws {
        try await withOneConnection { pool in
            let runs = Shared(0)
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    runs.change { $0 += 1 }
                    try await transaction.run(Statement(effect: "test.raise", "SELECT 1 UNION SELECT 2 FOR UPDATE"))
                }
            }
            #expect(error.state == .featureNotSupported && runs.value == 1)
        }
    }

    @Test func `an unprepared connection leaves nothing at the server`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.statementMode = .unprepared
        try await withPool(configuration) { pool in
            let (one, two) = try await pool.pipeline(number("SELECT \(1)::bigint"), number("SELECT \(2)::bigint"))
            #expect(one == 1 && two == 2)
            let count = number("SELECT count(*) FROM pg_prepared_statements")
            let left = try await pool.withTransaction { try await $0.run(count) }
            #expect(left == 0)
        }
    }
}
