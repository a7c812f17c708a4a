import ArgumentParser
import CRM
import Foundation
import Postgres

/// The wrapper beside PostgreSQL's own clients, on the same tables in the same run.
///
/// `read` is a tenant-scoped read by primary key under row level security, one pipelined transaction each, through a
/// pool of 8 connections. Its floor is pgbench, pipelined and prepared, with the same statements and connections in one
/// thread; `read-2` is the same beside pgbench with a thread for each of two processors.
struct WireBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wire", abstract: "The libpq wrapper beside pgbench and psql.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Rows of the table that is read by key, over 100 tenants.")
    var customers = 200_000
    @Option(help: "Rows that are streamed and copied; 0 leaves that out.")
    var rows = 1_000_000

    func run() async throws {
        guard let superuser = ProcessInfo.processInfo.environment["MEHVAR_BENCH_SUPERUSER_URL"] else {
            throw ValidationError("Run it through deploy/bench, which makes the database.")
        }
        let settings = try Settings()
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }

        note("filling \(customers) customers of 100 tenants and \(rows) rows to copy")
        let tables = WireTables(customers: customers, rows: rows)
        try await tables.fill(superuser)
        let url = settings.databaseURL + (settings.databaseURL.contains("?") ? "&" : "?") + "user=mehvar_app"
        let reads = WireReads(url: url, tables: tables, seconds: options.seconds, folder: folder)
        let copies = WireCopies(superuser: superuser, tables: tables, folder: folder)
        var results = WireResults()
        for run in 1...options.runs {
            note("run \(run) of \(options.runs): reads")
            results.add("read-2", try await reads.pgbench(connections: 8, threads: 2), isFloor: true)
            results.add("read", try await reads.pgbench(connections: 8, threads: 1), isFloor: true)
            let read = try await results.measured("read") { try await reads.wrapper(connections: 8) }
            results.add("read", read)
            results.add("read-2", read)
            note("run \(run) of \(options.runs): one connection")
            results.add("single", try await reads.pgbench(connections: 1, threads: 1), isFloor: true)
            let single = try await results.measured("single") { try await reads.wrapper(connections: 1) }
            results.add("single", single)
            if rows == 0 { continue }
            note("run \(run) of \(options.runs): rows out and in")
            let out = try await copies.psqlOut()
            for name in ["stream", "copy-out"] { results.rows[name, default: .init()].floors.append(out) }
            try await results.addRows("stream", copies.stream)
            try await results.addRows("copy-out", copies.copyOut)
            let into = try await copies.psqlIn()
            for name in ["copy-in", "copy-rows"] { results.rows[name, default: .init()].floors.append(into) }
            try await results.addRows("copy-in", copies.copyIn)
            try await results.addRows("copy-rows", copies.copyRows)
        }
        try Measurement(bench: "wire", cases: results.cases).print(json: options.json, check: options.check)
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// Values and floors as they come in, and what is printed of them.
struct WireResults {
    struct Pair {
        var values: [Double] = []
        var floors: [Double] = []
    }

    /// Transactions a second and processor time of the client for each, in µs.
    private var reads: [String: (rate: Pair, processor: Pair)] = [:]
    var rows: [String: Pair] = [:]
    /// The peak of each, in MB; the lowest of all runs, since what the allocator keeps of other cases is not its own.
    private var memory: [String: Double] = [:]

    /// Runs the wrapper's part of a case and notes how much memory the process had meanwhile.
    mutating func measured<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        resetPeakMemory()
        let result = try await body()
        memory[name] = min(memory[name] ?? .infinity, peakMemory(of: Int(getpid())))
        return result
    }

    mutating func addRows(_ name: String, _ body: () async throws -> Double) async throws {
        let rate = try await measured(name, body)
        rows[name, default: .init()].values.append(rate)
    }

    mutating func add(_ name: String, _ found: WireReads.Result, isFloor: Bool = false) {
        var result = reads[name] ?? (Pair(), Pair())
        if isFloor {
            result.rate.floors.append(found.rate)
            result.processor.floors.append(found.processorMicroseconds)
        } else {
            result.rate.values.append(found.rate)
            result.processor.values.append(found.processorMicroseconds)
        }
        reads[name] = result
    }

    var cases: [Measurement.Case] {
        var cases: [Measurement.Case] = []
        /// - Parameter run: the case whose run by the wrapper this one's figures are of.
        func add(
            _ name: String, _ unit: String, _ pair: Pair, of run: String, isCost: Bool = false, goal: Double? = nil
        ) {
            cases.append(
                .init(
                    name: name, unit: unit, values: pair.values, floors: pair.floors, memoryMb: memory[run] ?? 0,
                    isCost: isCost, goal: goal))
        }
        for name in ["read", "read-2"] {
            if let pair = reads[name]?.rate { add(name, "1/s", pair, of: "read", goal: name == "read" ? 1 : nil) }
        }
        if let pair = reads["read-2"]?.processor { add("cpu", "µs", pair, of: "read", isCost: true) }
        if let pair = reads["single"]?.rate {
            let times = Pair(values: pair.values.map { 1e6 / $0 }, floors: pair.floors.map { 1e6 / $0 })
            add("single", "µs", times, of: "single", isCost: true)
        }
        for name in ["stream", "copy-out", "copy-in", "copy-rows"] {
            if let pair = rows[name] { add(name, "1/s", pair, of: name) }
        }
        return cases
    }
}

/// Has the peak of this process's resident memory begin anew at what it is now. (Linux, proc_pid_clear_refs(5).)
///
/// Where the kernel does not offer that, the peak stays that of the whole run.
private func resetPeakMemory() {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    _ = try? file.write(contentsOf: Data("5".utf8))
}
