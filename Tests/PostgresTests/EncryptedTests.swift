import TestSupport
import Testing

@testable import Postgres

/// What waits for the socket while OpenSSL may hold the rest of what has arrived. The server is the suite's own,
/// with no pooler in between.
@Suite(
    .enabled(if: !TestServer.isPooled),
    .ownServer { OwnServer.Options(certificate: try await Certificates.shared.localhost) })
struct EncryptedTests {
    private func withOneConnection(_ body: (Pool, _ backend: Int) async throws -> Void) async throws {
        try await withPool(configuration(1)) { try await body($0, try await $0.pipeline(Queries.backend)) }
    }

    private func configuration(_ connections: Int) throws -> Postgres.Configuration {
        let server = try OwnServerTrait.server
        let password = OwnServer.password.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return Configuration(
            url: "dbname=postgres user=postgres host=localhost port=\(try #require(server.port)) sslmode=require "
                + "password='\(password)'",
            applicationName: "encrypted-tests", maximumConnections: connections, connectTimeout: .seconds(30))
    }

    private static let rows = Statement(
        "test.rows", "SELECT n, repeat('x', (n % 1000)::int) FROM generate_series(1, \(100_000)) AS n",
        all: { try ($0.next(Int.self), $0.next(String.self)) })

    @Test func `a stream brings every row`() async throws {
        try await withOneConnection { pool, backend in
            let (numbers, characters) = try await pool.withTransaction { transaction in
                try await transaction.stream(Self.rows) { rows in
                    var sums = (0, 0)
                    for try await (number, text) in rows {
                        sums.0 += number
                        sums.1 += text.utf8.count
                    }
                    return sums
                }
            }
            #expect(numbers == 5_000_050_000 && characters == 49_950_000)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a stream that is left early is stopped and the connection stays`() async throws {
        try await withOneConnection { pool, backend in
            let first = try await pool.withTransaction { transaction in
                try await transaction.stream(Self.rows) { rows in
                    for try await (number, _) in rows where number == 100 { return number }
                    return 0
                }
            }
            #expect(first == 100)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `COPY carries the same bytes in and out`() async throws {
        try await withOneConnection { pool, backend in
            let bytes = (0..<100_000).flatMap { Array("\($0),\(String(repeating: "y", count: $0 % 200 + 1))\n".utf8) }
            let (count, copied) = try await pool.withTransaction { transaction in
                try await transaction.execute(
                    script: "CREATE TEMPORARY TABLE copied (n int PRIMARY KEY, text text) ON COMMIT DROP",
                    name: "test.table")
                let count = try await transaction.copyIn(
                    "test.in", "COPY copied FROM STDIN (FORMAT csv)", from: Chunks(bytes, cutAt: [50_000, 7]))
                let copied = try await transaction.copyOut(
                    "test.out", "COPY (SELECT * FROM copied ORDER BY n) TO STDOUT (FORMAT csv)"
                ) { bytes in
                    var copied: [UInt8] = []
                    for try await chunk in bytes { copied += chunk }
                    return copied
                }
                return (count, copied)
            }
            #expect(count == 100_000)
            #expect(copied == bytes)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    private struct OwnError: Error {}

    /// What is encrypted cannot be looked into, so the refusal is seen only behind the last chunk.
    @Test func `a row that the server refuses ends a COPY when its source has ended`() async throws {
        try await withOneConnection { pool, backend in
            let good = Array(repeatElement(Array("1\n".utf8), count: 32_768).joined())
            let chunks = Chunks { number in number < 100 ? (number == 3 ? Array("x\n".utf8) : good) : nil }
            let error = try await failure { try await Self.copy(chunks, pool) }
            #expect(error.state == .invalidTextRepresentation && error.statement == "test.in")
            #expect(chunks.asked.value == 101)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [0, 1, 100])
    func `an error of a COPY's source comes out unchanged, and the connection stays`(_ count: Int) async throws {
        try await withOneConnection { pool, backend async throws in
            let good = Array(repeatElement(Array("1\n".utf8), count: 32_768).joined())
            let chunks = Chunks { number in
                if number == count { throw OwnError() }
                return good
            }
            await #expect(throws: OwnError.self) { try await Self.copy(chunks, pool) }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    private static func copy(_ chunks: Chunks, _ pool: Pool) async throws {
        try await pool.withTransaction { transaction in
            try await transaction.execute(
                script: "CREATE TEMPORARY TABLE copied (n int) ON COMMIT DROP", name: "test.table")
            _ = try await transaction.copyIn("test.in", "COPY copied FROM STDIN", from: chunks)
        }
    }

    @Test func `20 MB travel both ways at once`() async throws {
        try await withOneConnection { pool, _ in
            let value = Bytes((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            let echo = Statement("test.echo", "SELECT \(value)", one: { try $0.next(Bytes.self) })
            let (first, second) = try await pool.pipeline(echo, echo)
            #expect(first == value && second == value)
        }
    }

    @Test func `a cancelled query is stopped at the server and the connection stays`() async throws {
        try await withOneConnection { pool, backend in
            let task = Task { try await pool.pipeline(Queries.sleep) }
            let observer = try OwnServerTrait.server.configuration()
            try await Connection.with(observer) { connection in
                try await eventually { try await connection.run(Queries.sleeps(backend)) }
                task.cancel()
                let error = try await failure { try await task.value }
                #expect(error.reason == .cancelled)
                #expect(try await connection.run(Queries.sleeps(backend)) == false)
            }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `cancelling at any moment leaves nothing stuck and no answer for another`() async throws {
        try await withPool(configuration(3)) { pool in
            let create = Statement(effect: "test.table", "CREATE UNLOGGED TABLE t (n int)")
            _ = try await pool.pipeline(create)
            let cancellations = RandomCancellations(pool: pool, executor: PollingExecutor.shared)
            for _ in 0..<2 { try await cancellations.cancelThousand() }
            let (finished, cancelled) = (cancellations.tally.value.finished, cancellations.tally.value.cancelled)
            for work in CancelledWork.allCases { #expect(finished[work] != nil && cancelled[work] != nil, "\(work)") }
        }
    }
}
