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
            took at the first size; a preview may take ten times as long for a hundred times the customers. freshness: from a change of a \
            customer until a segment shows it, at twenty changes a second of a business with rules from all templates.
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

    private struct Found {
        let size: Int
        let kind: Kind
        let milliseconds: Double
    }

    func validate() throws {
        let numbers = sizes.split(separator: ",").map { Int($0) ?? 0 }
        if numbers.isEmpty || numbers.contains(where: { $0 < 1000 }) || numbers != numbers.sorted() {
            throw ValidationError("--sizes are numbers from 1000 on, the least first.")
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
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 2))
        defer { pool.close() }
        let (population, database) = (ScalePopulation(superuser: superuser), Database(pool: pool))
        let context = TenantContext.cli(tenant: ScalePopulation.largest)
        try await population.makeTenants()
        let key = try await APIKeyService(database: database).create(
            context, name: "benchmark", scopes: Set(Scope.allCases)
        ).secret
        var (found, size) = ([Found](), 0)
        for next in sizes.split(separator: ",").compactMap({ Int($0) }) {
            note("\(next) customers")
            try await population.grow(from: size, to: next)
            size = next
            try await population.settle()
            try await SegmentEvaluator(database: database).refresh(context)
            try await population.settle()
            for kind in Kind.allCases {
                var times: [Double] = []
                for _ in 1...options.runs {
                    times.append(try await slowest(kind, size, key, folder, settings))
                }
                found.append(Found(size: size, kind: kind, milliseconds: times.median))
                note("  \(kind.rawValue) p99 \(times.median) ms")
            }
        }
        let rules = try await RuleBench(database: database, context: context, superuser: superuser, runs: options.runs)
            .cases()
        note("  freshness")
        let freshness = try await FreshnessBench(
            database: database, context: context, worker: environment["MEHVAR_BIN", default: ""] + "/mehvar-worker",
            customers: size / 10, seconds: max(10, options.seconds)
        ).measure()
        try Measurement(bench: "scale", cases: cases(found, memory: peakMemory(of: pid)) + rules + [freshness])
            .print(json: options.json, check: options.check)
    }

    /// Each size beside the first one, or beside the milliseconds that it has.
    private func cases(_ found: [Found], memory: Double) -> [Measurement.Case] {
        Kind.allCases.flatMap { kind in
            let times = found.filter { $0.kind == kind }
            return times.map { time in
                let growth = Double(time.size) / Double(times[0].size)
                let limit = kind.milliseconds(growth)
                return Measurement.Case(
                    name: "\(kind.rawValue) \(time.size)", unit: "ms", values: [time.milliseconds],
                    floors: [limit ?? times[0].milliseconds], memoryMb: memory, isCost: true,
                    goal: limit == nil ? 1 / kind.times(growth) : 1)
            }
        }
    }

    /// The 99th percentile in milliseconds.
    private func slowest(
        _ kind: Kind, _ size: Int, _ key: String, _ folder: URL, _ settings: Settings
    ) async throws -> Double {
        let script = folder.appending(path: "\(kind.rawValue).lua")
        let paths = folder.appending(path: "paths")
        let requests = (0..<2000).map { _ in request(kind, Int.random(in: 1...size / 10) * 10) }
        try Data(requests.joined(separator: "\n").utf8).write(to: paths)
        try Data(Self.script(paths.path, key: key, isPost: kind == .preview).utf8).write(to: script)
        let output = try await Tool.run(
            "wrk",
            [
                "-t", "1", "-c", String(connections), "-d", "\(options.seconds)s", "--latency", "--timeout", "30s",
                "-s",
                script.path, "http://\(settings.host):\(settings.port)",
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
