import Foundation
import Glibc
import Postgres
import Synchronization

/// Reads by primary key, as many as can be, by the wrapper and by pgbench.
struct WireReads {
    let url: String
    let tables: WireTables
    let seconds: Int
    let folder: URL

    struct Result {
        /// Transactions a second.
        let rate: Double
        /// Processor time of the client for each transaction.
        let processorMicroseconds: Double
    }

    /// As many tasks as connections, each with its next read as soon as the last is answered.
    func wrapper(connections: Int) async throws -> Result {
        let pool = Pool(
            Configuration(url: url, applicationName: "mehvar-bench", maximumConnections: connections))
        defer { pool.close() }
        _ = try await pool.pipeline(WireTables.setTenant("1"))
        let (customers, seconds) = (tables.customers, seconds)
        let before = ProcessorTime.now(ofChildren: false)
        let began = ContinuousClock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<connections {
                group.addTask(executorPreference: PollingExecutor.shared) {
                    try await read(pool, customers, until: began + .seconds(seconds), seed: UInt64(task))
                }
            }
            var count = 0
            while let found = try await group.next() { count += found }
            return count
        }
        let elapsed = (ContinuousClock.now - began) / .seconds(1)
        let processor = ProcessorTime.now(ofChildren: false) - before
        return Result(rate: Double(count) / elapsed, processorMicroseconds: processor * 1e6 / Double(count))
    }

    func pgbench(connections: Int, threads: Int) async throws -> Result {
        let script = folder.appending(path: "read.sql")
        try Data(tables.script.utf8).write(to: script)
        let before = ProcessorTime.now(ofChildren: true)
        let output = try await Tool.run(
            "pgbench",
            [
                "-n", "-M", "prepared", "-c", String(connections), "-j", String(threads), "-T", String(seconds), "-f",
                script.path, url,
            ])
        let processor = ProcessorTime.now(ofChildren: true) - before
        let count = try Tool.number(in: output, after: "actually processed:")
        return Result(
            rate: try Tool.number(in: output, after: "tps ="), processorMicroseconds: processor * 1e6 / count)
    }
}

/// Reads random customers until the time is over; returns how many.
private func read(
    _ pool: Pool, _ customers: Int, until end: ContinuousClock.Instant, seed: UInt64
) async throws -> Int {
    // A generator of its own for each task: the system's would be a system call for each read.
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64.random(in: .min ... .max)
    var count = 0
    while count % 16 != 0 || ContinuousClock.now < end {
        // Knuth's MMIX generator; its high bits are the random ones.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let number = Int(state >> 33) % customers + 1
        let tenant = String(number % 100)
        let found = try await pool.pipeline(
            prelude: [WireTables.setTenant(tenant)], WireTables.find(tenant, String(number)))
        guard found != nil else { throw Tool.Failure(description: "customer \(number) was not found") }
        count += 1
    }
    return count
}

/// Processor time in seconds.
enum ProcessorTime {
    static func now(ofChildren: Bool) -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(ofChildren ? -1 : 0), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
