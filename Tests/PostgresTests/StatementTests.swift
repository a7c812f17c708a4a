import TestSupport
import Testing

@testable import Postgres

@Suite struct StatementTests {
    private func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        try await Connection.with(TestServer.configuration()) { try await $0.run(statement) }
    }

    private let none: SQL = "SELECT 1 WHERE false"
    private let two: SQL = "VALUES (1), (2)"

    @Test func `all gives every row in order`() async throws {
        #expect(try await run(Statement("test.all", two, all: { try $0.next(Int.self) })) == [1, 2])
        #expect(try await run(Statement("test.all", none, all: { try $0.next(Int.self) })).isEmpty)
    }

    @Test func `optional gives nil for no row and refuses two`() async throws {
        #expect(try await run(Statement("test.optional", none, optional: { try $0.next(Int.self) })) == nil)
        #expect(try await run(Statement("test.optional", "SELECT 1", optional: { try $0.next(Int.self) })) == 1)
        let error = try await failure {
            try await run(Statement("test.optional", two, optional: { try $0.next(Int.self) }))
        }
        #expect(error.reason == .rowCount(expected: "at most one", found: 2))
        #expect(error.statement == "test.optional")
    }

    @Test func `one refuses any other number of rows`() async throws {
        for (sql, found) in [(none, 0), (two, 2)] {
            let error = try await failure { try await run(Statement("test.one", sql, one: { try $0.next(Int.self) })) }
            #expect(error.reason == .rowCount(expected: "one", found: found))
        }
    }

    @Test func `an effect gives the number of rows it touched`() async throws {
        let touched: Int = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.withTransaction { transaction in
                try await transaction.execute(script: "CREATE TEMP TABLE t (n int) ON COMMIT DROP", name: "test")
                return try await transaction.run(Statement("test.insert", "INSERT INTO t SELECT generate_series(1, 7)"))
            }
        }
        #expect(touched == 7)
    }

    @Test func `map changes the output`() async throws {
        let statement = Statement("test.map", two, all: { try $0.next(Int.self) }).map { $0.reduce(0, +) }
        #expect(try await run(statement) == 3)
    }

    @Test func `an unexpected NULL names the column`() async throws {
        let error = try await failure {
            try await run(
                Statement(
                    "test.null", "SELECT 1, NULL::text AS name",
                    one: { row in
                        row.skip()
                        return try row.next(String.self)
                    }))
        }
        #expect(error.reason == .decoding(column: "name", expected: "String", found: "NULL"))
        #expect(error.statement == "test.null")
    }

    @Test func `a column of another type names column, wanted and found type`() async throws {
        let error = try await failure {
            try await run(Statement("test.type", "SELECT 'x' AS name", one: { try $0.next(Int.self) }))
        }
        #expect(error.reason == .decoding(column: "name", expected: "Int", found: "text"))
        let unknown = try await failure {
            try await run(Statement("test.type", "SELECT point(1, 2) AS p", one: { try $0.next(Int.self) }))
        }
        #expect(unknown.reason == .decoding(column: "p", expected: "Int", found: "type 600"))
    }

    @Test func `a number too large for the wanted type is an error`() async throws {
        let error = try await failure {
            try await run(Statement("test.range", "SELECT 70000 AS n", one: { try $0.next(Int16.self) }))
        }
        #expect(error.reason == .decoding(column: "n", expected: "Int16", found: "int4 with another value"))
    }

    @Test func `reading past the last column is an error`() async throws {
        let error = try await failure {
            try await run(
                Statement(
                    "test.past", "SELECT 1 AS n",
                    one: { row in
                        _ = try row.next(Int.self)
                        return try row.next(Int.self)
                    }))
        }
        #expect(error.reason == .decoding(column: "#2", expected: "Int", found: "no such column"))
    }

    @Test func `as many bytes are bound as one message of the protocol can carry`() {
        #expect(Parameters.fits(0, bytes: 0) && Parameters.fits(65_535, bytes: 1 << 29))
        #expect(Parameters.fits(1, bytes: 1_073_741_000))
        // The server refuses a message of 1 GB, and ends the session.
        #expect(!Parameters.fits(1, bytes: (1 << 30) - 1))
        #expect(!Parameters.fits(65_535, bytes: 1_073_741_000))
        #expect(!Parameters.fits(65_536, bytes: 0))
    }

    @Test func `too many values are refused before anything is sent`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            _ = try await pool.pipeline(Queries.backend)
            let many = SQL.joined((0..<65_536).map { "\($0)" }, by: ",")
            let error = try await failure {
                try await pool.pipeline(Statement("test.many", "SELECT 1 WHERE 1 IN (\(many))"))
            }
            #expect(error.reason == .tooLarge)
            _ = try await pool.pipeline(Queries.backend)
            #expect(pool.statistics.created == 1 && pool.statistics.discarded == 0)
        }
    }
}
