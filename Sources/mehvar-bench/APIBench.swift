import ArgumentParser
import CRM
import Foundation
import Postgres

/// GET one customer, list 50, POST one, over HTTP with wrk; the floor is pgbench, pipelined and prepared, with the very statements
/// that the API runs, as the API's role.
struct APIBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Requests to one customer over HTTP, beside pgbench's transactions.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Open HTTP connections.")
    var connections = 32
    @Option(help: "Customers in the database, over 100 tenants.")
    var customers = 200_000

    private enum Kind: String, CaseIterable { case get, list, post }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let superuser = environment["MEHVAR_BENCH_SUPERUSER_URL"],
            let pid = environment["MEHVAR_BENCH_API_PID"].flatMap(Int.init)
        else { throw ValidationError("Run it through deploy/bench, which starts what it measures.") }
        let settings = try Settings()
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }

        note("filling \(customers) customers of 100 tenants")
        let population = APIPopulation(customers: customers, settings: settings)
        try await population.fill(superuser: superuser)
        let targets = try await population.targets(10_000)
        try Data(targets.map { "\($0.path) \($0.key)" }.joined(separator: "\n").utf8)
            .write(to: folder.appending(path: "targets"))

        var values: [Kind: [Double]] = [:]
        var floors: [Kind: [Double]] = [:]
        for run in 1...options.runs {
            for kind in Kind.allCases {
                note("run \(run) of \(options.runs): \(kind.rawValue)")
                floors[kind, default: []].append(try await floor(kind, folder, settings))
                values[kind, default: []].append(try await requests(kind, folder, settings))
            }
        }
        let memory = peakMemory(of: pid)
        try Measurement(
            bench: "api",
            cases: Kind.allCases.map { kind in
                Measurement.Case(
                    name: kind.rawValue, unit: "1/s", values: values[kind] ?? [], floors: floors[kind] ?? [],
                    memoryMb: memory)
            }
        ).print(json: options.json)
    }

    private func requests(_ kind: Kind, _ folder: URL, _ settings: Settings) async throws -> Double {
        let script = folder.appending(path: "\(kind.rawValue).lua")
        try Data(APIPopulation.script(kind.rawValue, targets: folder.appending(path: "targets").path).utf8).write(
            to: script)
        let output = try await Tool.run(
            "wrk",
            [
                "-t", "2", "-c", String(connections), "-d", "\(options.seconds)s", "--latency", "-s", script.path,
                "http://\(settings.host):\(settings.port)",
            ])
        // A benchmark of errors would be a fast one.
        if output.contains("Non-2xx") || output.contains("Socket errors") {
            throw Tool.Failure(description: "requests failed:\n\(output)")
        }
        if let line = output.split(separator: "\n").first(where: { $0.contains("99%") }) {
            note("  p99 " + line.split(separator: " ").suffix(1).joined())
        }
        return try Tool.number(in: output, after: "Requests/sec:")
    }

    private func floor(_ kind: Kind, _ folder: URL, _ settings: Settings) async throws -> Double {
        let script = folder.appending(path: "\(kind.rawValue).sql")
        let statements =
            switch kind {
            case .get: try APIFloor.get
            case .list: try APIFloor.list
            case .post: try APIFloor.post
            }
        try Data(APIFloor.script(statements, customers: customers).utf8).write(to: script)
        let output = try await Tool.run(
            "pgbench",
            [
                "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", String(options.seconds), "-f", script.path,
                settings.databaseURL + (settings.databaseURL.contains("?") ? "&" : "?") + "user=mehvar_app",
            ])
        return try Tool.number(in: output, after: "tps =")
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
