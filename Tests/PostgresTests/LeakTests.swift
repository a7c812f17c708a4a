import Foundation
import TestSupport
import Testing

@testable import Postgres

/// What the process holds of the system.
private struct Holdings: CustomStringConvertible {
    /// What each open file descriptor stands for, without the numbers.
    let descriptors: [String]
    let threads: Int
    let megabytes: Double

    static func now() throws -> Holdings {
        let files = FileManager.default
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Holdings(
            // The one of the folder itself is gone again.
            descriptors: try files.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { descriptor in
                (try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + descriptor))
                    .map { $0.hasPrefix("anon_inode") ? $0 : String($0.prefix { $0 != "[" }) }
            }.sorted(),
            threads: try files.contentsOfDirectory(atPath: "/proc/self/task").count,
            megabytes: Double(try #require(pages.count > 1 ? Int(pages[1]) : nil) * sysconf(Int32(_SC_PAGESIZE)))
                / 1_000_000)
    }

    /// Waits until no more is held than before: threads that are through go a moment later.
    ///
    /// A descriptor more or less is no leak: what each of a hundred rounds leaves behind would be a hundred.
    static func expectNoMore(than before: Holdings) async throws {
        do {
            try await eventually {
                let now = try now()
                return now.descriptors.count <= before.descriptors.count + 5 && now.threads <= before.threads
                    && now.megabytes < before.megabytes + 20
            }
        } catch { Issue.record("\(try now()) are held, \(before) before") }
    }

    var description: String { "\(descriptors) descriptors, \(threads) threads, \(Int(megabytes)) MB" }
}

/// Each test has a process to itself, in which nobody else connects or allocates.
@Suite(.serialized)
struct LeakTests {
    private struct OwnError: Error {}

    private static let nothing = Statement(effect: "test.nothing", "SELECT 1")
    private static func sum(_ number: Int) -> Statement<Int> {
        Statement("test.sum", "SELECT \(number) + 1", one: { try $0.next() })
    }
    private static func twice(_ text: String) -> Statement<[String]> {
        Statement("test.twice", "SELECT \(text) FROM generate_series(1, 2)", all: { try $0.next() })
    }
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let wrongType = Statement("test.type", "SELECT 'x'", one: { try $0.next(Int.self) })
    private static let numbers = Statement(
        "test.numbers", "SELECT generate_series(1, 20000)", all: { try $0.next(Int.self) })

    /// Cancels a statement while the server works on it.
    private static func cancelled(_ pool: Pool) async throws {
        let backend = try await pool.pipeline(Queries.backend)
        let task = Task { try await pool.pipeline(Queries.sleep) }
        try await eventually { try await observe(Queries.sleeps(backend)) }
        task.cancel()
        let error = try await failure { try await task.value }
        #expect(error.reason == .cancelled)
    }

    /// Ends the session while the server works on a statement.
    private static func terminated(_ pool: Pool) async throws {
        let backend = try await pool.pipeline(Queries.backend)
        let task = Task { try await pool.pipeline(Self.nothing, Queries.sleep, Self.nothing) }
        try await eventually { try await observe(Queries.sleeps(backend)) }
        _ = try await observe(Queries.terminate(backend))
        let error = try await failure { try await task.value }
        #expect(error.isUnavailable)
    }

    private static func copied(_ pool: Pool, failingAt bad: Int32?, leavingAt last: Int32?) async throws {
        try await pool.withTransaction { transaction in
            _ = try await transaction.copyIn("test.in", "COPY t FROM STDIN (FORMAT binary)") { writer in
                for number in 0..<Int32(30_000) {
                    if number == last { throw OwnError() }
                    try await writer.row(columns: 1) { $0.append(number == bad ? -1 : number) }
                }
            }
            var bytes = 0
            try await transaction.copyOut("test.out", "COPY t TO STDOUT") { chunks in
                for try await chunk in chunks { bytes += chunk.count }
            }
            #expect(bytes > 100_000)
            try await transaction.copyOut("test.out", "COPY t TO STDOUT") { chunks in
                for try await _ in chunks { break }
            }
        }
    }

    private static func streamed(_ pool: Pool) async throws {
        for last in [0, 1, 7, 20_000] {
            try await pool.withTransaction { transaction in
                try await transaction.stream(numbers) { rows in
                    for try await row in rows where row == last { break }
                }
                try await transaction.stream(numbers) { rows in
                    var kept: [Int] = []
                    for try await row in rows where row > last { kept.append(row) }
                    #expect(kept.count == 20_000 - last)
                }
            }
        }
        await #expect(throws: OwnError.self) {
            try await pool.withTransaction { transaction in
                try await transaction.stream(numbers) { rows in
                    for try await row in rows where row == 100 { throw OwnError() }
                }
            }
        }
    }

    #if DEBUG
        @Test(.ownProcess) func `no result of libpq outlives its use`() async {
            await #expect(processExitsWith: .success) {
                try await withDatabase { database in
                    try await database.execute("CREATE TABLE t (n int CHECK (n >= 0))")
                    let pool = Pool(database.configuration(maximumConnections: 1))
                    func expectNone(_ what: Comment) { #expect(LibPQ.livingResults == 0, what) }
                    for _ in 0..<10 {
                        _ = try await pool.pipeline(Self.nothing, Queries.backend)
                        expectNone("statements")
                        _ = try await failure { try await pool.pipeline(Self.nothing, Self.divide, Self.nothing) }
                        _ = try await failure { try await pool.pipeline(Self.nothing, Self.wrongType) }
                        expectNone("errors")
                        try await Self.cancelled(pool)
                        expectNone("cancellations")
                        try await Self.streamed(pool)
                        expectNone("streams")
                        try await Self.copied(pool, failingAt: nil, leavingAt: nil)
                        _ = try await failure { try await Self.copied(pool, failingAt: 20_000, leavingAt: nil) }
                        await #expect(throws: OwnError.self) {
                            try await Self.copied(pool, failingAt: nil, leavingAt: 20_000)
                        }
                        expectNone("COPY")
                        try await Self.terminated(pool)
                        expectNone("terminated backends")
                    }
                    pool.close()
                    expectNone("a closed pool")
                    #expect(pool.counts == (0, 0, 0))
                }
            }
        }
    #endif

    @Test(.ownProcess) func `a million statements leave nothing behind`() async {
        await #expect(processExitsWith: .success) {
            try await withPool(TestServer.configuration(maximumConnections: 2)) { pool in
                let statements = Array(repeating: Self.nothing, count: 1000)
                func run(thousands: Int) async throws {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<2 {
                            group.addTask {
                                for _ in 0..<thousands / 2 {
                                    _ = try await pool.withTransaction { try await $0.pipeline(all: statements) }
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
                /// The way of a request: a transaction of its own each, with values and rows that are read.
                func request(_ number: Int) async throws {
                    let text = String(repeating: "x", count: number % 300)
                    let found: (Int, [String]) = try await pool.pipeline(
                        prelude: [Self.nothing], Self.sum(number), Self.twice(text))
                    #expect(found.0 == number + 1 && found.1 == [text, text])
                }
                try await run(thousands: 50)
                for number in 0..<5_000 { try await request(number) }
                let before = try Holdings.now()
                try await run(thousands: 1000)
                for number in 0..<50_000 { try await request(number) }
                try await Holdings.expectNoMore(than: before)
                #if DEBUG
                    #expect(LibPQ.livingResults == 0)
                #endif
            }
        }
    }

    @Test(.ownProcess) func `connections that come, are cancelled, are ended and go leave nothing behind`() async {
        await #expect(processExitsWith: .success) {
            func run(_ count: Int) async throws {
                for _ in 0..<count {
                    try await withPool(TestServer.configuration(maximumConnections: 2)) { pool in
                        try await Self.cancelled(pool)
                        try await Self.terminated(pool)
                        _ = try await failure { try await pool.pipeline(Self.divide) }
                    }
                    var nowhere = TestServer.configuration()
                    nowhere.url = TestServer.url(database: "nowhere")
                    try await withPool(nowhere) { pool in
                        _ = try await failure { try await pool.pipeline(Self.nothing) }
                        let task = Task { try await pool.pipeline(Self.nothing) }
                        task.cancel()
                        _ = try await failure { try await task.value }
                    }
                }
            }
            try await run(20)
            let before = try Holdings.now()
            try await run(100)
            try await Holdings.expectNoMore(than: before)
        }
    }
}
