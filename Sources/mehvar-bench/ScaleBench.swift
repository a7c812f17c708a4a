import ArgumentParser
import CRM
import Foundation
import Postgres

/// How the API's answers slow down as the customers become more, and what evaluating a rule costs beside the bare SQL.
struct ScaleBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "The 99th percentile of requests at several numbers of customers.",
        discussion: """
            One tenant holds a tenth of the customers, and all requests are to it, over two connections. A request's floor is what it \
            takes at the first size, which has a database and an API of its own and is measured in turns with the others; a preview may \
            take ten times as long for a hundred times the customers. Of either, what is kept was read once, as memory has it where a \
            deployment has run for a while. freshness: from a change of a customer until a segment shows it, at twenty changes a second of \
            a business with rules from all templates.
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Numbers of customers, the least first, with commas between them.")
    var sizes = "10000,1000000,10000000"
    @Option(help: "Open HTTP connections.")
    var connections = 2

    private enum Kind: String, CaseIterable {
        case get, list, search, timeline, overview, preview

        /// How long it may take in milliseconds, however many customers there are. A preview counts them, and has ten times as long
        /// as before with a hundred times as many; further on it is bound by somebody who waits for it.
        func milliseconds(_ growth: Double) -> Double? {
            switch self {
            case .get, .list, .timeline, .overview: nil
            case .search: 50
            case .preview: growth > 100 ? 1000 : nil
            }
        }

        /// How many times as long as at the first size it may take.
        func times(_ growth: Double) -> Double { self == .preview ? max(1.5, growth.squareRoot()) : 1.5 }
    }

    /// What was measured of one size, and of the first one in turns with it.
    private struct Found {
        let size: Int
        let kind: Kind
        var milliseconds: [Double] = []
        var floors: [Double] = []
    }

    func validate() throws {
        let numbers = sizes.split(separator: ",").map { Int($0) ?? 0 }
        if numbers.count < 2 || numbers.contains(where: { $0 < 1000 }) || numbers != numbers.sorted() {
            throw ValidationError("--sizes are two numbers or more from 1000 on, the least first.")
        }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let superuser = environment["MEHVAR_BENCH_SUPERUSER_URL"],
            let floorSuperuser = environment["MEHVAR_BENCH_FLOOR_SUPERUSER_URL"],
            let floorURL = environment["MEHVAR_BENCH_FLOOR_DATABASE_URL"],
            let floorPort = environment["MEHVAR_BENCH_FLOOR_PORT"],
            let pid = environment["MEHVAR_BENCH_API_PID"].flatMap(Int.init)
        else { throw ValidationError("Run it through deploy/bench, which starts what it measures.") }
        let settings = try Settings()
        let floorSettings = try Settings(
            environment: environment.merging(["MEHVAR_DATABASE_URL": floorURL, "MEHVAR_PORT": floorPort]) { $1 })
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let pools = [settings, floorSettings].map {
            Pool($0.configuration(as: .app, application: "mehvar-bench", connections: 2))
        }
        defer { for pool in pools { pool.close() } }
        let databases = pools.map { Database(pool: $0) }
        let numbers = sizes.split(separator: ",").compactMap { Int($0) }
        var site = try await ScaleSite(settings, databases[0], superuser: superuser)
        var floor = try await ScaleSite(floorSettings, databases[1], superuser: floorSuperuser)
        note("\(numbers[0]) customers")
        try await floor.grow(to: numbers[0])
        var found: [Found] = []
        for size in numbers.dropFirst() {
            note("\(size) customers")
            try await site.grow(to: size)
            for kind in Kind.allCases {
                var times = Found(size: size, kind: kind)
                for _ in 1...options.runs {
                    times.floors.append(try await slowest(kind, floor, folder))
                    times.milliseconds.append(try await slowest(kind, site, folder))
                }
                found.append(times)
                note("  \(kind.rawValue) p99 \(times.milliseconds.median) ms, \(numbers[0]): \(times.floors.median) ms")
            }
        }
        let rules = try await RuleBench(
            database: databases[0], context: site.context, superuser: superuser, runs: options.runs
        ).cases()
        note("  freshness")
        let freshness = try await FreshnessBench(
            database: databases[0], context: site.context,
            worker: environment["MEHVAR_BIN", default: ""] + "/mehvar-worker",
            customers: site.size / 10, seconds: max(10, options.seconds)
        ).measure()
        try Measurement(
            bench: "scale", cases: cases(found, first: numbers[0], memory: peakMemory(of: pid)) + rules + [freshness]
        ).print(json: options.json, check: options.check)
    }

    /// Each size beside the first one, or beside the milliseconds that it has.
    private func cases(_ found: [Found], first: Int, memory: Double) -> [Measurement.Case] {
        found.map { times in
            let growth = Double(times.size) / Double(first)
            let limit = times.kind.milliseconds(growth)
            return Measurement.Case(
                name: "\(times.kind.rawValue) \(times.size)", unit: "ms", values: times.milliseconds,
                floors: limit.map { [$0] } ?? times.floors, memoryMb: memory, isCost: true,
                goal: limit == nil ? 1 / times.kind.times(growth) : 1)
        }
    }

    /// The 99th percentile in milliseconds.
    private func slowest(_ kind: Kind, _ site: ScaleSite, _ folder: URL) async throws -> Double {
        let script = folder.appending(path: "\(kind.rawValue).lua")
        let paths = folder.appending(path: "paths")
        let requests = (0..<2000).map { _ in request(kind, Int.random(in: 1...site.size / 10) * 10) }
        try Data(requests.joined(separator: "\n").utf8).write(to: paths)
        try Data(Self.script(paths.path, key: site.key, isPost: kind == .preview).utf8).write(to: script)
        let output = try await Tool.run(
            "wrk",
            [
                "-t", "1", "-c", String(connections), "-d", "\(options.seconds)s", "--latency", "--timeout", "30s",
                "-s", script.path, "http://\(site.settings.host):\(site.settings.port)",
            ])
        if output.contains("Non-2xx") || output.contains("Socket errors") {
            throw Tool.Failure(description: "\(kind.rawValue): requests failed:\n\(output)")
        }
        return try APIBench.slowest(in: output)
    }

    private func request(_ kind: Kind, _ number: Int) -> String {
        let customer = "/v1/customers/\(ScalePopulation.id(number))"
        return switch kind {
        case .get: customer
        case .list: "/v1/customers?limit=50"
        case .timeline: "\(customer)/timeline"
        case .overview: "\(customer)/overview"
        case .search:
            "/v1/customers/search?q="
                + [
                    "Karimi", "mina", "sara%20karimi", "ahm", "karmi", "zahra%20rezaei1\(number % 10)", "c\(number)",
                    "\(1_000_000 + number)", "R\(number)",
                ][number / 10 % 9]
        case .preview:
            #"{"rule": "#
                + [
                    #"{"field": "stage", "op": "eq", "value": "actual"}"#,
                    #"{"all": [{"field": "orders.count", "op": "gte", "value": 3}, {"field": "orders.amount", "op": "gt", "value": 500}]}"#,
                    #"{"any": [{"field": "tags", "op": "eq", "value": "vip"}, {"field": "orders.last_on", "op": "within_days", "value": 60}]}"#,
                    #"{"not": {"any": [{"field": "interactions.count", "op": "gte", "value": 1}, {"field": "value.tier", "op": "eq", "value": "a"}]}}"#,
                ][number / 10 % 4] + "}"
        }
    }

    private static func script(_ paths: String, key: String, isPost: Bool) -> String {
        """
        local requests, position = {}, 0
        function init(args)
            local headers = { ['Authorization'] = 'Bearer \(key)', ['Content-Type'] = 'application/json' }
            for line in io.lines('\(paths)') do
                requests[#requests + 1] = \(isPost ? "wrk.format('POST', '/v1/segments/preview', headers, line)" : "wrk.format('GET', line, headers)")
            end
        end
        function request()
            position = position % #requests + 1
            return requests[position]
        end

        """
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
