import TestSupport
import Testing

@testable import Postgres

@Suite struct PipelineTests {
    private static let one = Statement("test.one", "SELECT 1", one: { try $0.next(Int.self) })
    private static let text = Statement("test.text", "SELECT \("x")", one: { try $0.next(String.self) })
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })

    @Test func `a pipeline with a prelude is one round trip`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            for _ in 0..<2 {
                let before = try await pool.withSession { $0.roundTrips }
                let (number, text) = try await pool.pipeline(
                    prelude: [Statement(effect: "test.set", "SELECT set_config('test.a', \("1"), true)")],
                    Self.one, Self.text)
                #expect(number == 1 && text == "x")
                #expect(try await pool.withSession { $0.roundTrips } - before == 1)
            }
        }
    }

    @Test func `the prelude belongs to the transaction`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            let setting = Statement(
                "test.setting", "SELECT current_setting('test.a', true)", one: { try $0.nextIfPresent(String.self) })
            let set = Statement(effect: "test.set", "SELECT set_config('test.a', \("7"), true)")
            let inside: String? = try await pool.pipeline(prelude: [set], setting)
            #expect(inside == "7")
            let outside: String? = try await pool.pipeline(setting)
            #expect(outside ?? "" == "")
        }
    }

    @Test func `an error in the middle names its statement, undoes the others and leaves the connection usable`()
        async throws
    {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                for _ in 0..<2 {
                    let error = try await failure {
                        try await pool.pipeline(
                            Statement("test.before", "INSERT INTO t VALUES (1)"), Self.divide,
                            Statement("test.after", "INSERT INTO t VALUES (2)"))
                    }
                    #expect(error.reason == .server && error.state?.rawValue == "22012")
                    #expect(error.statement == "test.divide")
                }
                let count = try await pool.pipeline(
                    Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) }))
                #expect(count == 0)
                #expect(try await pool.pipeline(Queries.backend) == backend)
            }
        }
    }

    @Test func `a constraint that fails at COMMIT is the server's error, and no rows come out`() async throws {
        try await withDatabase { database in
            try await database.execute(
                "CREATE TABLE t (n int CONSTRAINT once UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let insert = Statement(
                    "test.insert", "INSERT INTO t VALUES (1), (1) RETURNING n",
                    all: { row in
                        Issue.record("a row was read before COMMIT was answered")
                        return try row.next(Int.self)
                    })
                let error = try await failure { try await pool.pipeline(insert) }
                #expect(error.state == .uniqueViolation && error.violates("once"))
                #expect(error.statement == "commit")
                #expect(try await pool.pipeline(Self.one) == 1)
            }
        }
    }

    @Test func `a row that cannot be read leaves the connection usable and the transaction committed`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let error = try await failure {
                    try await pool.pipeline(
                        Statement(
                            "test.insert", "INSERT INTO t VALUES (1) RETURNING n", one: { try $0.next(String.self) }))
                }
                #expect(error.reason == .decoding(column: "n", expected: "String", found: "int4"))
                let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
                #expect(try await pool.pipeline(count) == 1)
            }
        }
    }

    @Test func `hundreds of statements go out together`() async throws {
        try await withPool { pool in
            let numbers = try await pool.withTransaction { transaction in
                try await transaction.pipeline(
                    all: (0..<500).map { number in
                        Statement("test.number", "SELECT \(number)", one: { try $0.next(Int.self) })
                    })
            }
            #expect(numbers == Array(0..<500))
        }
    }
}
