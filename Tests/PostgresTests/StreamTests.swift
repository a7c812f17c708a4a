import TestSupport
import Testing

@testable import Postgres

@Suite(.fewAtATime) struct StreamTests {
    private struct OwnError: Error, Equatable { let number: Int }

    private static func numbers(_ count: Int) -> Statement<[Int]> {
        Statement("test.numbers", "SELECT generate_series(1, \(count))", all: { try $0.next() })
    }

    /// Divides by zero at row 5000.
    private static let divide = Statement(
        "test.divide", "SELECT 1 / (5000 - n) FROM generate_series(1, 10000) AS n", all: { try $0.next(Int32.self) })

    private static let modes: [StatementMode] = TestServer.isPooled ? [.unprepared] : [.prepared, .unprepared]

    private func withOneConnection(
        _ mode: StatementMode = TestServer.statementMode, _ body: (Pool, _ backend: Int) async throws -> Void
    ) async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.grace = .seconds(30)
        configuration.statementMode = mode
        try await withPool(configuration) { pool in try await body(pool, try await pool.pipeline(Queries.backend)) }
    }

    @Test(arguments: modes)
    func `all rows come in order, typed, with values bound`(_ mode: StatementMode) async throws {
        try await withOneConnection(mode) { pool, backend in
            let statement = Statement(
                "test.rows",
                """
                SELECT n, \("it's") || n, CASE WHEN n % \(2) = 0 THEN n / 2.0::float8 END
                FROM generate_series(\(1), \(20_000)) AS n
                """,
                all: { row in (try row.next(Int.self), try row.next(String.self), try row.nextIfPresent(Double.self)) })
            let (count, after) = try await pool.withTransaction { transaction in
                let count = try await transaction.stream(statement) { rows in
                    var count = 0
                    for try await (number, text, half) in rows {
                        count += 1
                        guard number == count, text == "it's\(count)",
                            half == (count % 2 == 0 ? Double(count) / 2 : nil)
                        else {
                            Issue.record("row \(count) is \(number), \(text), \(String(describing: half))")
                            return count
                        }
                    }
                    return count
                }
                return (count, try await transaction.run(Queries.backend))
            }
            #expect(count == 20_000)
            #expect(after == backend)
        }
    }

    @Test func `a statement without rows ends at once, and so does one that gives none`() async throws {
        try await withOneConnection { pool, _ in
            let effect = Statement(
                "test.effect", "CREATE TEMPORARY TABLE streamed (n int) ON COMMIT DROP", all: { try $0.next(Int.self) })
            for statement in [Self.numbers(0), effect] {
                let count = try await pool.withTransaction { transaction in
                    try await transaction.stream(statement) { rows in
                        var count = 0
                        for try await _ in rows { count += 1 }
                        return count
                    }
                }
                #expect(count == 0)
            }
        }
    }

    @Test func `a statement that leaves out rows, or makes several of one, does so in a stream too`() async throws {
        try await withOneConnection { pool, _ in
            let even = Self.numbers(1000).map { $0.filter { $0.isMultiple(of: 2) } }
            let twice = Statement(
                "test.twice", "SELECT generate_series(1, \(1000))",
                one: { row in
                    let number = try row.next(Int.self)
                    return [number, -number]
                })
            for (statement, expected) in [
                (even, Array(stride(from: 2, through: 1000, by: 2))), (twice, (1...1000).flatMap { [$0, -$0] }),
            ] {
                let read = try await pool.withTransaction { transaction in
                    try await transaction.stream(statement) { rows in
                        var read: [Int] = []
                        for try await number in rows { read.append(number) }
                        return read
                    }
                }
                #expect(read == expected)
            }
        }
    }

    @Test func `a slow reader makes the server wait`() async throws {
        try await withOneConnection { pool, backend in
            let waits = Statement(
                "test.waits",
                """
                SELECT EXISTS (
                    SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND wait_event = 'ClientWrite')
                """,
                one: { try $0.next(Bool.self) })
            let sum = try await pool.withTransaction { transaction in
                try await transaction.stream(Self.numbers(1_000_000)) { rows in
                    var sum = 0
                    for try await number in rows {
                        sum += number
                        if number == 1 { try await eventually { try await observe(waits) } }
                        if number == 100_000 { break }
                    }
                    return sum
                }
            }
            #expect(sum == 100_000 * 100_001 / 2)
        }
    }

    @Test(arguments: modes)
    func `a closure that returns early stops the server quickly, and the transaction goes on and commits`(
        _ mode: StatementMode
    ) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            var configuration = database.configuration(maximumConnections: 1)
            configuration.grace = .seconds(30)
            configuration.statementMode = mode
            try await withPool(configuration) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                let began = ContinuousClock.now
                let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(insert)
                    for _ in 0..<3 {
                        let three = try await transaction.stream(Self.numbers(10_000_000)) { rows in
                            var three: [Int] = []
                            for try await number in rows.prefix(3) { three.append(number) }
                            return three
                        }
                        #expect(three == [1, 2, 3])
                        _ = try await transaction.run(insert)
                    }
                }
                #expect(ContinuousClock.now - began < .seconds(20))
                #expect(try await database.number("SELECT count(*) FROM t") == 4)
                #expect(try await pool.pipeline(Queries.backend) == backend)
            }
        }
    }

    @Test func `a stream that nobody reads does no harm`() async throws {
        try await withOneConnection { pool, backend in
            let after = try await pool.withTransaction { transaction in
                for count in [0, 1, 1000, 10_000_000] { try await transaction.stream(Self.numbers(count)) { _ in } }
                return try await transaction.run(Queries.backend)
            }
            #expect(after == backend)
        }
    }

    @Test(arguments: [10, 10_000_000])
    func `the closure's own error comes out unchanged and the transaction can go on`(_ count: Int) async throws {
        try await withOneConnection { pool, backend in
            let after = try await pool.withTransaction { transaction async throws in
                await #expect(throws: OwnError(number: 3)) {
                    try await transaction.stream(Self.numbers(count)) { rows in
                        for try await number in rows where number == 3 { throw OwnError(number: number) }
                    }
                }
                return try await transaction.run(Queries.backend)
            }
            #expect(after == backend)
            #expect(pool.counts == (1, 1, 0))
        }
    }

    @Test func `an error of the server in the middle names the statement and where it stands`() async throws {
        try await withOneConnection { pool, backend in
            let read = Shared(0)
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.stream(Self.divide) { rows in
                        for try await _ in rows { read.change { $0 += 1 } }
                    }
                }
            }
            #expect(error.state == .divisionByZero && error.statement == "test.divide")
            #expect(error.source?.hasPrefix("PostgresTests/StreamTests.swift:") == true)
            #expect(read.value == 4999)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false])
    func `a caught error of the server undoes only the stream`(_ isCaughtInside: Bool) async throws {
        try await withOneConnection { pool, backend in
            let after = try await pool.withTransaction { transaction in
                if isCaughtInside {
                    try await transaction.stream(Self.divide) { rows in
                        let error = try await failure { for try await _ in rows {} }
                        #expect(error.state == .divisionByZero)
                    }
                } else {
                    let error = try await failure {
                        try await transaction.stream(Self.divide) { rows in for try await _ in rows {} }
                    }
                    #expect(error.state == .divisionByZero)
                }
                return try await transaction.run(Queries.backend)
            }
            #expect(after == backend)
        }
    }

    @Test func `a statement that the server refuses to begin is named`() async throws {
        try await withOneConnection { pool, backend in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    let refused = Statement("test.refused", "SELECT n FROM nowhere", all: { try $0.next(Int.self) })
                    try await transaction.stream(refused) { rows in for try await _ in rows {} }
                }
            }
            #expect(error.state == .undefinedTable && error.statement == "test.refused")
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a row that cannot be read is the closure's error, and the transaction can go on`() async throws {
        try await withOneConnection { pool, backend in
            let after = try await pool.withTransaction { transaction in
                let error = try await failure {
                    let wrong = Statement(
                        "test.wrong", "SELECT 'x' AS name FROM generate_series(1, 1000000)",
                        all: { try $0.next(Int.self) })
                    try await transaction.stream(wrong) { rows in for try await _ in rows {} }
                }
                #expect(error.reason == .decoding(column: "name", expected: "Int", found: "text"))
                return try await transaction.run(Queries.backend)
            }
            #expect(after == backend)
        }
    }

    @Test func `rows that are read after the closure has returned are an error`() async throws {
        try await withOneConnection { pool, _ in
            try await pool.withTransaction { transaction in
                for count in [1, 1_000_000] {
                    let rows = try await transaction.stream(Self.numbers(count)) { $0 }
                    let error = try await failure { for try await _ in rows {} }
                    #expect(
                        error.reason == .protocolViolation("test.numbers was read after its closure had returned"))
                }
            }
        }
    }
}
