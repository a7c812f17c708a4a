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
    var connections = 16
    @Option(help: "Customers in the database, over 100 tenants.")
    var customers = 200_000

    private enum Kind: String, CaseIterable {
        case get, list, post

        var goal: Double {
            switch self {
            case .get, .post: 0.4
            case .list: 0.35
            }
        }
    }

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
        var slowest: [Double] = []
        for run in 1...options.runs {
            for kind in Kind.allCases {
                note("run \(run) of \(options.runs): \(kind.rawValue)")
                floors[kind, default: []].append(try await floor(kind, folder, settings))
                let (rate, p99) = try await requests(kind, folder, settings)
                values[kind, default: []].append(rate)
                if kind == .get { slowest.append(p99) }
            }
        }
        let memory = peakMemory(of: pid)
        try Measurement(
            bench: "api",
            cases: Kind.allCases.map { kind in
                Measurement.Case(
                    name: kind.rawValue, unit: "1/s", values: values[kind] ?? [], floors: floors[kind] ?? [],
                    memoryMb: memory, goal: kind.goal)
            } + [
                Measurement.Case(
                    name: "get_p99_ms", unit: "ms", values: slowest, floors: [Self.slowestGet], memoryMb: memory,
                    isCost: true, goal: 1)
            ]
        ).print(json: options.json, check: options.check)
    }

    /// What the 99th percentile of `get` may take at most, in milliseconds.
    private static let slowestGet = 5.0

    /// - Returns: requests a second, and the 99th percentile of the time that one took, in milliseconds.
    private func requests(
        _ kind: Kind, _ folder: URL, _ settings: Settings
    ) async throws -> (rate: Double, p99: Double) {
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
        let p99 = try Self.slowest(in: output)
        note("  p99 \(p99) ms")
        return (try Tool.number(in: output, after: "Requests/sec:"), p99)
    }

    /// The 99th percentile that wrk found, in milliseconds.
    static func slowest(in output: String) throws -> Double {
        guard let line = output.split(separator: "\n").first(where: { $0.contains("99%") }),
            let time = line.split(separator: " ").last
        else { throw Tool.Failure(description: "no 99th percentile in: \(output)") }
        return milliseconds(time)
    }

    /// Of a time as wrk prints it: `812.00us`, `5.21ms`, `1.02s`.
    private static func milliseconds(_ time: Substring) -> Double {
        let (number, unit) = (time.prefix { $0.isNumber || $0 == "." }, time.drop { $0.isNumber || $0 == "." })
        let factor = ["us": 0.001, "ms": 1, "s": 1000][String(unit)] ?? .infinity
        return (Double(number) ?? .infinity) * factor
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
