import ArgumentParser
import CRM
import Foundation
import Postgres

/// The job queue beside pgbench on the same tables in the same run.
///
/// `process` is one worker that claims, runs and completes jobs that do nothing, of 50 tenants; its floor is pgbench with
/// four clients that claim 250 jobs, delete them and insert them into the done ones. `enqueue_bulk` has a bare INSERT from
/// an array as its floor, `enqueue_one` a pipelined tenant transaction with the same two inserts. `pickup` is the time from
/// the commit of a job on an idle queue to its start, in milliseconds; there the floor is what is asked for. The cases named
/// `deep` are the same beside a million finished jobs and a million whose time has not come; `deep_to_plain` compares with
/// those before. `backlog` is `process` of half a million jobs, and `held` the same while a transaction is open that sees
/// what it deletes, both beside `process`; the bench named held does that for a minute or more. `tokenless` is
/// `pickup` of one tenant while another has 10,000 jobs and no tokens, beside the same without; `process_peer` has pgqueuer
/// as its floor, where `python3` (or `MEHVAR_BENCH_PYTHON`) has it.
struct QueueBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The job queue beside pgbench on its tables.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Jobs of one run of process.")
    var jobs = 200_000
    @Flag(inversion: .prefixedNo, help: "All of it again with a million finished and a million future jobs.")
    var deep = true

    func run() async throws {
        try await Self.withRuns { tables, runs in
            try await measure(QueueCases(options: options, jobs: jobs, tables: tables, runs: runs))
        }
    }

    /// Lends fifty tenants in a database that has no others.
    static func withRuns(_ body: (QueueTables, QueueRuns) async throws -> Void) async throws {
        guard let superuser = ProcessInfo.processInfo.environment["MEHVAR_BENCH_SUPERUSER_URL"] else {
            throw ValidationError("Run it through deploy/bench, which makes the database.")
        }
        let settings = try Settings()
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let tables = try await QueueTables.make(superuser: superuser, folder: folder, tenants: 50)
        try await body(tables, QueueRuns(settings: settings, tables: tables))
    }

    private func measure(_ bench: QueueCases) async throws {
        try await bench.warmUp()
        var results = try await bench.measure()
        if deep {
            results += [try await bench.backlog(results), try await bench.held(results), try await bench.tokenless()]
            try await bench.tables.deepen()
            let deep = try await bench.measure("_deep")
            // Beside what it was before, too.
            results += deep + zip(deep, results).map { deep, plain in deep.beside(plain) }
        }
        let peer = try await bench.tables.pgqueuer(jobs, runs: options.runs)
        if !peer.isEmpty, let process = results.first { results.append(process.beside(peer, "process_peer")) }
        let fair = try await bench.runs.fairness(20_000)
        let others = fair.dropFirst()
        QueueCases.note(
            """
            fairness: 50 tenants, the first of them with nine tenths of 20000 jobs; p99 of the time to start of each, in ms:
            \(fair.map { String(format: "%.1f", $0) }.joined(separator: " "))
            """)
        for (name, value) in [("large", fair[0]), ("worst_other", others.max() ?? 0), ("other", Array(others).median)] {
            results.append(
                .init(name: "fairness_\(name)_p99_ms", unit: "ms", values: [value], floors: [fair[0]], isCost: true))
        }
        let memory = peakMemory(of: Int(getpid()))
        try Measurement(bench: "queue", cases: results.map { $0.measured(memoryMb: memory) }).print(
            json: options.json, check: options.check)
    }
}
