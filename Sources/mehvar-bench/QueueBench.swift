import ArgumentParser
import CRM
import Configuration
import Foundation
import Postgres

/// The job queue beside pgbench on the same tables in the same run.
///
/// `process` is one worker that claims, runs and completes jobs that do nothing, of 50 tenants; its floor is pgbench with
/// four clients that claim 250 jobs, delete them and insert them into the done ones. `enqueue_bulk` has a bare INSERT from
/// an array as its floor, `enqueue_one` a pipelined tenant transaction with the same two inserts. `pickup` is the time from
/// the commit of a job on an idle queue to its start, in milliseconds; there the floor is what is asked for. The cases named
/// `deep` are the same beside a million finished jobs and a million whose time has not come.
struct QueueBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The job queue beside pgbench on its tables.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Jobs of one run of process.")
    var jobs = 100_000
    @Flag(inversion: .prefixedNo, help: "All of it again with a million finished and a million future jobs.")
    var deep = true

    /// What is asked of `pickup`: the 99th percentile, in milliseconds.
    private static let pickupGoal = 8.0

    func run() async throws {
        guard let superuser = ProcessInfo.processInfo.environment["MEHVAR_BENCH_SUPERUSER_URL"] else {
            throw ValidationError("Run it through deploy/bench, which makes the database.")
        }
        let settings = try Settings(ConfigReader(provider: EnvironmentVariablesProvider()))
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }

        let tables = try await QueueTables.make(superuser: superuser, folder: folder, tenants: 50)
        let runs = QueueRuns(settings: settings, tables: tables)
        var results: [(name: String, unit: String, values: [Double], floors: [Double], isCost: Bool)] = []
        try await measure("", tables, runs, into: &results)
        if deep {
            note("a million finished and a million future jobs")
            try await tables.deepen()
            try await measure("_deep", tables, runs, into: &results)
        }
        note("fairness: 50 tenants, one of them with nine tenths of 20000 jobs")
        let fair = try await runs.fairness(20_000)
        note(
            String(
                format: "start latency p99: large tenant %.0f ms; worst of the others %.1f ms, median %.1f ms",
                fair.large, fair.worstOther, fair.medianOther))
        let memory = peakMemory(of: Int(getpid()))
        let cases = results.map { result in
            Measurement.Case(
                name: result.name, unit: result.unit, values: result.values, floors: result.floors, memoryMb: memory,
                isCost: result.isCost)
        }
        try Measurement(bench: "queue", cases: cases).print(json: options.json)
    }

    private func measure(
        _ suffix: String, _ tables: QueueTables, _ runs: QueueRuns,
        into results: inout [(name: String, unit: String, values: [Double], floors: [Double], isCost: Bool)]
    ) async throws {
        var process: (values: [Double], floors: [Double]) = ([], [])
        var (bulk, one) = (process, process)
        var pickup: [Double] = []
        for run in 1...options.runs {
            note("run \(run) of \(options.runs)\(suffix): process")
            try await tables.fill(jobs)
            process.values.append(try await runs.process(jobs))
            try await tables.fill(options.seconds * 100_000)
            process.floors.append(try await tables.cycleFloor(seconds: options.seconds))
            try await tables.empty()
            note("run \(run) of \(options.runs)\(suffix): enqueue")
            bulk.floors.append(try await tables.bulkFloor(seconds: options.seconds))
            try await tables.empty()
            bulk.values.append(try await runs.enqueueBulk(seconds: options.seconds))
            try await tables.empty()
            one.floors.append(try await tables.oneFloor(seconds: options.seconds))
            one.values.append(try await runs.enqueueOne(seconds: options.seconds))
            try await tables.empty()
            note("run \(run) of \(options.runs)\(suffix): pick-up")
            pickup.append(try await runs.pickup(200).percentile(0.99))
        }
        results.append(("process\(suffix)", "1/s", process.values, process.floors, false))
        results.append(("enqueue_bulk\(suffix)", "1/s", bulk.values, bulk.floors, false))
        results.append(("enqueue_one\(suffix)", "1/s", one.values, one.floors, false))
        results.append(("pickup_p99_ms\(suffix)", "ms", pickup, [Self.pickupGoal], true))
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
