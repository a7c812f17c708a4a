import TestSupport
import Testing

@testable import Postgres

/// COPY with data as they are: `copyOut` and `copyIn(from:)`.
@Suite(.fewAtATime) struct CopyStreamTests {
    private struct OwnError: Error, Equatable { let number: Int }

    enum Format: CaseIterable, Sendable {
        case text, csv, binary

        var source: StaticString {
            switch self {
            case .text: "COPY source TO STDOUT"
            case .csv: "COPY source TO STDOUT (FORMAT csv, HEADER)"
            case .binary: "COPY source TO STDOUT (FORMAT binary)"
            }
        }

        var target: StaticString {
            switch self {
            case .text: "COPY target FROM STDIN"
            case .csv: "COPY target FROM STDIN (FORMAT csv, HEADER)"
            case .binary: "COPY target FROM STDIN (FORMAT binary)"
            }
        }
    }

    private static let tables = """
        CREATE TABLE source (n int, name text, amount numeric, bytes bytea, at timestamptz);
        CREATE TABLE target (LIKE source INCLUDING ALL);
        """

    private func withTables(rows: Int, _ body: (TestDatabase, Pool) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute(Self.tables)
            try await database.run(
                """
                INSERT INTO source SELECT n, CASE WHEN n % 7 <> 0 THEN format(E'سلام "%s",\\t\\\\.\\n', n) END, n / 8.0,
                    CASE WHEN n % 5 <> 0 THEN sha256(n::text::bytea) END, to_timestamp(n)
                FROM generate_series(1, \(rows)) AS n
                """)
            try await withPool(database.configuration(maximumConnections: 1)) { try await body(database, $0) }
        }
    }

    private func copyOut(_ format: Format, in transaction: inout Transaction) async throws -> [[UInt8]] {
        try await transaction.copyOut("test.out", format.source) { chunks in
            var all: [[UInt8]] = []
            for try await chunk in chunks { all.append(chunk) }
            return all
        }
    }

    private func differences(_ database: TestDatabase) async throws -> Int {
        try await database.number(
            """
            SELECT count(*) FROM (
                (SELECT * FROM source EXCEPT ALL SELECT * FROM target) UNION ALL
                (SELECT * FROM target EXCEPT ALL SELECT * FROM source)) AS d
            """)
    }

    @Test(arguments: Format.allCases)
    func `what goes out comes in again, however the chunks are cut`(_ format: Format) async throws {
        try await withTables(rows: 500) { database, pool in
            for sizes in [[1], [0, 7, 0, 0, 4093, 1], [1 << 20]] {
                let count = try await pool.withTransaction { transaction in
                    let bytes = try await copyOut(format, in: &transaction).reduce(into: []) { $0 += $1 }
                    _ = try await transaction.run(Statement("test.empty", "DELETE FROM target"))
                    return try await transaction.copyIn("test.in", format.target, from: Chunks(bytes, cutAt: sizes))
                }
                #expect(count == 500)
                #expect(try await differences(database) == 0)
            }
        }
    }

    @Test(arguments: Format.allCases)
    func `a large table goes out in chunks of about 64 KB of whole rows and comes in as one of many megabytes`(
        _ format: Format
    ) async throws {
        try await withTables(rows: 120_000) { database, pool in
            let count = try await pool.withTransaction { transaction in
                let chunks = try await copyOut(format, in: &transaction)
                #expect(chunks.allSatisfy { !$0.isEmpty && $0.count < 70_000 })
                if format == .binary {
                    #expect(chunks.first?.starts(with: Array("PGCOPY\n".utf8)) == true)
                } else {
                    #expect(chunks.allSatisfy { $0.last == UInt8(ascii: "\n") })
                }
                let all = chunks.reduce(into: []) { $0 += $1 }
                #expect(all.count > 10_000_000)
                return try await transaction.copyIn("test.in", format.target, from: Chunks { $0 == 0 ? all : nil })
            }
            #expect(count == 120_000)
            #expect(try await differences(database) == 0)
        }
    }

    @Test func `a source of slices and one of nothing are taken too`() async throws {
        try await withTables(rows: 0) { database, pool in
            let counts = try await pool.withTransaction { transaction in
                let bytes = Array("x1\nx2\nx3\n".utf8)
                let slices = AsyncStream<ArraySlice<UInt8>> { continuation in
                    for range in [1..<3, 4..<6] { continuation.yield(bytes[range]) }
                    continuation.finish()
                }
                let some = try await transaction.copyIn("test.in", "COPY target (n) FROM STDIN", from: slices)
                let none = try await transaction.copyIn(
                    "test.in", "COPY target (n) FROM STDIN", from: Chunks { _ in nil })
                return [some, none]
            }
            #expect(counts == [2, 0])
            #expect(try await database.number("SELECT sum(n) FROM target") == 3)
        }
    }

    @Test(arguments: Format.allCases)
    func `an empty table goes out and comes in`(_ format: Format) async throws {
        try await withTables(rows: 0) { _, pool in
            let count = try await pool.withTransaction { transaction in
                let bytes = try await copyOut(format, in: &transaction).reduce(into: []) { $0 += $1 }
                return try await transaction.copyIn("test.in", format.target, from: Chunks(bytes, cutAt: [1]))
            }
            #expect(count == 0)
        }
    }

    @Test func `one row larger than a chunk goes both ways`() async throws {
        try await withTables(rows: 1) { database, pool in
            try await database.run("UPDATE source SET name = repeat('x', 10000000)")
            let count = try await pool.withTransaction { transaction in
                let chunks = try await copyOut(.binary, in: &transaction)
                return try await transaction.copyIn(
                    "test.in", Format.binary.target,
                    from: Chunks(chunks.reduce(into: []) { $0 += $1 }, cutAt: [100_000]))
            }
            #expect(count == 1)
            #expect(try await differences(database) == 0)
        }
    }

    // MARK: Errors

    private static let insert = Statement("test.insert", "INSERT INTO target (n) VALUES (-1)")

    private static func throwing(after count: Int) -> Chunks {
        Chunks { number in
            if number == count { throw OwnError(number: number) }
            return Array("1\n".utf8)
        }
    }

    @Test(arguments: [0, 1, 1000])
    func `an error of the source comes out unchanged and nothing was inserted`(_ count: Int) async throws {
        try await withTables(rows: 0) { database, pool async throws in
            let backend = try await pool.pipeline(Queries.backend)
            await #expect(throws: OwnError(number: count)) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.insert)
                    try await transaction.copyIn(
                        "test.in", "COPY target (n) FROM STDIN", from: Self.throwing(after: count))
                }
            }
            #expect(try await database.number("SELECT count(*) FROM target") == 0)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false])
    func `after an error of the source only a savepoint saves the transaction`(_ isSaved: Bool) async throws {
        try await withTables(rows: 0) { database, pool in
            func body(_ transaction: inout Transaction) async throws {
                _ = try await transaction.run(Self.insert)
                await #expect(throws: OwnError(number: 2)) {
                    if isSaved {
                        try await transaction.withSavepoint {
                            _ = try await $0.copyIn(
                                "test.in", "COPY target (n) FROM STDIN", from: Self.throwing(after: 2))
                        }
                    } else {
                        try await transaction.copyIn(
                            "test.in", "COPY target (n) FROM STDIN", from: Self.throwing(after: 2))
                    }
                }
            }
            if isSaved {
                try await pool.withTransaction { transaction in
                    try await body(&transaction)
                    _ = try await transaction.run(Self.insert)
                }
            } else {
                let error = try await failure { try await pool.withTransaction { try await body(&$0) } }
                #expect(error.reason == .rolledBack)
            }
            #expect(try await database.number("SELECT count(*) FROM target") == (isSaved ? 2 : 0))
        }
    }

    @Test(arguments: [100, 100_000])
    func `a row that the server refuses ends the COPY, whose source is not read to its end`(_ size: Int) async throws {
        try await withTables(rows: 0) { database, pool in
            let backend = try await pool.pipeline(Queries.backend)
            let good = Array(repeatElement(Array("1\n".utf8), count: size / 2).joined())
            let chunks = Chunks { number in
                if number >= 200_000_000 / size { return nil }
                return number == 10 ? Array("x\n".utf8) : good
            }
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.copyIn("test.in", "COPY target (n) FROM STDIN", from: chunks)
                }
            }
            #expect(error.state == .invalidTextRepresentation && error.statement == "test.in")
            #expect(error.source?.hasPrefix("PostgresTests/CopyStreamTests.swift:") == true)
            #expect(chunks.asked.value < 100_000_000 / size)
            #expect(try await database.number("SELECT count(*) FROM target") == 0)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a refused row within a savepoint leaves the transaction usable`() async throws {
        try await withTables(rows: 0) { database, pool in
            let count = try await pool.withTransaction { transaction in
                _ = try await transaction.run(Self.insert)
                let error = try await failure {
                    try await transaction.withSavepoint {
                        _ = try await $0.copyIn(
                            "test.in", "COPY target (n) FROM STDIN", from: Chunks(Array("1\nx\n".utf8), cutAt: [1]))
                    }
                }
                #expect(error.state == .invalidTextRepresentation)
                return try await transaction.copyIn(
                    "test.in", "COPY target (n) FROM STDIN", from: Chunks(Array("1\n2\n".utf8), cutAt: [1]))
            }
            #expect(count == 2)
            #expect(try await database.number("SELECT count(*) FROM target") == 3)
        }
    }

    @Test func `an error of the server while data go out names the statement`() async throws {
        try await withTables(rows: 0) { _, pool in
            let backend = try await pool.pipeline(Queries.backend)
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.copyOut(
                        "test.out", "COPY (SELECT 1 / (90000 - n) FROM generate_series(1, 100000) AS n) TO STDOUT"
                    ) { for try await _ in $0 {} }
                }
            }
            #expect(error.state == .divisionByZero && error.statement == "test.out")
            #expect(error.source?.hasPrefix("PostgresTests/CopyStreamTests.swift:") == true)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }
}
