import Foundation
import Postgres

/// Many rows out of the database and into it, by the wrapper and by psql's `\copy`; all in rows a second.
struct WireCopies {
    let superuser: String
    let tables: WireTables
    let folder: URL

    private var file: URL { folder.appending(path: "items.binary") }
    private static let empty = Statement(effect: "bench.empty", "TRUNCATE bench.copy")
    private static let count = Statement(
        "bench.count", "SELECT count(*) FROM bench.copy", one: { try $0.next(Int.self) })

    /// The time that psql takes to start is its own; a second run without work is taken off.
    func psqlOut() async throws -> Double {
        try await psql("\\copy (SELECT id, name, amount, created_at FROM bench.item) TO '/dev/null' (FORMAT binary)")
    }

    func psqlIn() async throws -> Double {
        if !FileManager.default.fileExists(atPath: file.path) {
            _ = try await psql("\\copy bench.item TO '\(file.path)' (FORMAT binary)")
        }
        try await emptied()
        let rate = try await psql("\\copy bench.copy FROM '\(file.path)' (FORMAT binary)")
        try await checkCount()
        return rate
    }

    private func psql(_ command: String) async throws -> Double {
        let idle = try await ContinuousClock().measure {
            _ = try await Tool.run("psql", ["-X", "-q", "-d", superuser, "-c", "SELECT 1"])
        }
        let whole = try await ContinuousClock().measure {
            _ = try await Tool.run("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser, "-c", command])
        }
        return Double(tables.rows) / ((whole - idle) / .seconds(1))
    }

    /// Every row decoded.
    func stream() async throws -> Double {
        try await timed { transaction in
            let count = try await transaction.stream(WireTables.items) { rows in
                var count = 0
                for try await row in rows where row.id > 0 { count += 1 }
                return count
            }
            guard count == tables.rows else { throw Tool.Failure(description: "\(count) rows were streamed") }
        }
    }

    func copyOut() async throws -> Double {
        try await timed { transaction in
            let bytes = try await transaction.copyOut(
                "bench.out",
                "COPY (SELECT id, name, amount, created_at FROM bench.item) TO STDOUT (FORMAT binary)"
            ) { chunks in
                var bytes = 0
                for try await chunk in chunks { bytes += chunk.count }
                return bytes
            }
            guard bytes > tables.rows * 30 else { throw Tool.Failure(description: "\(bytes) bytes were copied out") }
        }
    }

    /// The same file as psql's.
    func copyIn() async throws -> Double {
        try await emptied()
        let rate = try await timed { transaction in
            try await transaction.copyIn(
                "bench.in", "COPY bench.copy FROM STDIN (FORMAT binary)", from: FileChunks(file: file))
        }
        try await checkCount()
        return rate
    }

    /// Rows that are encoded here.
    func copyRows() async throws -> Double {
        try await emptied()
        let (rows, now) = (tables.rows, Date())
        let rate = try await timed { transaction in
            try await transaction.copyIn("bench.rows", "COPY bench.copy FROM STDIN (FORMAT binary)") { writer in
                for number in 1...rows {
                    try await writer.row(columns: 4) { row in
                        row.append(number)
                        row.append("Item number \(number)")
                        row.append(Double(number) * 0.01)
                        row.append(now)
                    }
                }
            }
        }
        try await checkCount()
        return rate
    }

    private func timed(_ body: (inout Transaction) async throws -> Void) async throws -> Double {
        try await Connection.with(configuration) { connection in
            let began = ContinuousClock.now
            try await connection.withTransaction { try await body(&$0) }
            return Double(tables.rows) / ((ContinuousClock.now - began) / .seconds(1))
        }
    }

    private func emptied() async throws {
        try await Connection.with(configuration) { connection in
            try await connection.run(Self.empty)
            try await connection.execute(script: "CHECKPOINT", name: "bench.checkpoint")
        }
    }

    private func checkCount() async throws {
        let count = try await Connection.with(configuration) { try await $0.run(Self.count) }
        guard count == tables.rows else { throw Tool.Failure(description: "\(count) rows were copied in") }
    }

    private var configuration: Postgres.Configuration {
        Configuration(url: superuser, applicationName: "mehvar-bench")
    }
}

/// A file in pieces of 64 KB.
private struct FileChunks: AsyncSequence {
    let file: URL

    func makeAsyncIterator() -> Iterator { Iterator(handle: try? FileHandle(forReadingFrom: file)) }

    struct Iterator: AsyncIteratorProtocol {
        let handle: FileHandle?

        mutating func next() async throws -> [UInt8]? {
            try handle?.read(upToCount: 65_536).flatMap { $0.isEmpty ? nil : Array($0) }
        }
    }
}
