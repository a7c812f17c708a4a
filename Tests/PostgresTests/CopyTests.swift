import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct CopyTests {
    private struct OwnError: Error {}

    private static let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })

    private func withTable(_ body: (Pool) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute(
                "CREATE TABLE t (n int CHECK (n <> 50000), name text, at timestamptz, amount numeric)")
            try await withPool(database.configuration(maximumConnections: 1), body)
        }
    }

    private func copy(
        _ rows: Range<Int>, in transaction: inout Transaction, before: (Int) async throws -> Void = { _ in }
    ) async throws {
        try await transaction.copyIn("test.copy", "COPY t FROM STDIN (FORMAT binary)") { writer in
            for number in rows {
                try await before(number)
                try await writer.row(columns: 4) { row in
                    row.append(Int32(number))
                    row.append(number % 10 == 0 ? nil : "name \(number)")
                    row.append(Date(timeIntervalSince1970: Double(number)))
                    row.append(Decimal(number) / 100)
                }
            }
        }
    }

    @Test func `100,000 rows arrive as they were sent`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { try await copy(100_000..<200_000, in: &$0) }
            let summary = try await pool.pipeline(
                Statement(
                    "test.summary",
                    """
                    SELECT count(*), count(name), sum(n)::int8, sum(amount)::int8,
                        count(*) FILTER (WHERE name = 'name ' || n AND at = to_timestamp(n)) FROM t
                    """,
                    one: { row in try (0..<5).map { _ in try row.next(Int.self) } }))
            #expect(summary == [100_000, 90_000, 14_999_950_000, 149_999_500, 90_000])
        }
    }

    @Test func `an empty COPY is fine`() async throws {
        try await withTable { pool in
            try await pool.withTransaction { try await copy(0..<0, in: &$0) }
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test func `an error of the server in the middle is reported and the connection stays usable`() async throws {
        try await withTable { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let error = try await failure {
                try await pool.withTransaction { try await copy(0..<100_000, in: &$0) }
            }
            #expect(error.state == .checkViolation && error.statement == "test.copy")
            #expect(try await pool.pipeline(Self.count) == 0)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [0, 1, 60_000])
    func `an error of the body comes out unchanged and the connection stays usable`(_ last: Int) async throws {
        try await withTable { pool in
            let backend = try await pool.pipeline(Queries.backend)
            await #expect(throws: OwnError.self) {
                try await pool.withTransaction { transaction in
                    try await copy(100_000..<200_000, in: &transaction) { number in
                        if number == 100_000 + last { throw OwnError() }
                    }
                }
            }
            #expect(try await pool.pipeline(Self.count) == 0)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a row of the wrong length is refused and named`() async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.copyIn("test.copy", "COPY t FROM STDIN (FORMAT binary)") { writer in
                        try await writer.row(columns: 4) { $0.append(1) }
                    }
                }
            }
            #expect(error.reason == .protocolViolation("a row of 4 columns was given 1 values"))
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test func `a COPY that the server refuses to begin leaves the connection usable`() async throws {
        try await withTable { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.copyIn("test.copy", "COPY nowhere FROM STDIN (FORMAT binary)") { _ in }
                }
            }
            #expect(error.state == .undefinedTable && error.statement == "test.copy")
            #expect(error.source?.hasPrefix("PostgresTests/CopyTests.swift:") == true)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: ["SELECT 1", "COPY t TO STDOUT"] as [StaticString])
    func `what is no COPY FROM STDIN ends as an error`(_ statement: StaticString) async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { try await $0.copyIn("test.copy", statement) { _ in } }
            }
            #expect(error.reason == .protocolViolation("test.copy is not COPY FROM STDIN"))
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test func `statements before and after a COPY share its transaction`() async throws {
        try await withTable { pool in
            let seen = try await pool.withTransaction { transaction in
                _ = try await transaction.run(Statement("test.insert", "INSERT INTO t (n) VALUES (-1)"))
                try await copy(0..<10, in: &transaction)
                return try await transaction.run(Self.count)
            }
            #expect(seen == 11)
            #expect(try await pool.pipeline(Self.count) == 11)
        }
    }

    @Test func `a backend that dies during a COPY ends it`() async throws {
        try await withTable { pool in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    let backend = try await transaction.run(Queries.backend)
                    try await copy(100_000..<1_000_000_000, in: &transaction) { number in
                        if number == 110_000 { _ = try await observe(Queries.terminate(backend)) }
                    }
                }
            }
            #expect(error.isUnavailable)
            #expect(try await pool.pipeline(Self.count) == 0)
        }
    }

    @Test func `a task that is cancelled during a COPY ends it`() async throws {
        try await withTable { pool in
            let started = Gate()
            let task = Task {
                try await pool.withTransaction { transaction in
                    try await copy(100_000..<1_000_000_000, in: &transaction) { number in
                        if number == 110_000 { started.open() }
                    }
                }
            }
            await started.wait()
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            let count = try await pool.pipeline(Self.count)
            #expect(count == 0)
        }
    }
}
