import ArgumentParser
import CRM
import Foundation
import Postgres

/// How fast a file of customers comes in over HTTP and goes out again, beside `psql`.
struct ImportBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Customers from a CSV file and into one, beside psql.",
        discussion: """
            csv: the file is sent with curl and imported by the worker; the time ends when the import is done. Its floor is \\copy of the \
            same file into a bare copy of the table with the same indexes and generated columns. csv email: with an address each; \
            the floor then fills a bare copy of the table of addresses too. export: beside \\copy of the same query.
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Customers of the file.")
    var rows = 1_000_000

    private static let tenant = ScalePopulation.largest

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let superuser = environment["MEHVAR_BENCH_SUPERUSER_URL"],
            let api = environment["MEHVAR_BENCH_API_PID"].flatMap(Int.init),
            let worker = environment["MEHVAR_BENCH_WORKER_PID"].flatMap(Int.init)
        else { throw ValidationError("Run it through deploy/bench, which starts what it measures.") }
        let settings = try Settings()
        let folder = FileManager.default.temporaryDirectory.appending(path: "mehvar-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(at: folder) }
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 2))
        defer { pool.close() }
        let database = Database(pool: pool)
        try await ScalePopulation(superuser: superuser).makeTenants()
        let key = try await APIKeyService(database: database).create(
            TenantContext.cli(tenant: Self.tenant), name: "benchmark", scopes: Set(Scope.allCases)
        ).secret
        let server = ImportServer(base: "http://\(settings.host):\(settings.port)/v1/customers", key: key)
        let floor = ImportFloor(superuser: superuser, tenant: Self.tenant)
        try await floor.prepare()

        var cases: [Measurement.Case] = []
        for hasEmail in [false, true] {
            let file = folder.appending(path: "customers.csv")
            try write(file, hasEmail: hasEmail)
            var (values, floors) = ([Double](), [Double]())
            for _ in 1...options.runs {
                floors.append(try await rate { try await floor.copy(file, hasEmail: hasEmail) })
                try await floor.emptyTables()
                values.append(try await rate { try await server.upload(file) })
            }
            let memory = max(peakMemory(of: api), peakMemory(of: worker))
            cases.append(
                Measurement.Case(
                    name: hasEmail ? "csv email" : "csv", unit: "rows/s", values: values, floors: floors,
                    memoryMb: memory,
                    goal: 0.5))
            note("  \(cases[cases.count - 1].name) \(cases[cases.count - 1].ratio)")
        }
        // What was written last is read now.
        try await floor.settle()
        let query = ExportStatements.customers(Self.tenant, CustomerFilter(), after: nil, limit: rows).sql.text
        var (values, floors) = ([Double](), [Double]())
        for _ in 1...options.runs {
            floors.append(try await rate { try await floor.export(query, limit: rows) })
            values.append(try await rate { try await server.export(rows) })
        }
        cases.append(
            Measurement.Case(
                name: "export", unit: "rows/s", values: values, floors: floors, memoryMb: peakMemory(of: api), goal: 0.5
            ))
        try Measurement(bench: "import", cases: cases).print(json: options.json, check: options.check)
    }

    private func rate(_ body: () async throws -> Void) async throws -> Double {
        let time = try await ContinuousClock().measure { try await body() }
        return Double(rows) / (time / .seconds(1))
    }

    /// Of ten first and five hundred last names, in Persian and in Latin letters.
    private func write(_ file: URL, hasEmail: Bool) throws {
        let first = ["مینا", "Sara", "رضا", "Ali", "زهرا", "Omid", "پریسا", "Hamid", "لیلا", "Amir"]
        let last = ["کریمی", "Ahmadi", "حسینی", "Moradi", "رضایی", "Jafari", "کاظمی", "Sadeghi"]
        FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forWritingTo: file)
        defer { handle.closeFile() }
        var text = hasEmail ? "reference,name,stage,language,email\n" : "reference,name,stage,language\n"
        for row in 1...rows {
            text +=
                "R\(row),\(first[row % 10]) \(last[row / 10 % 8])\(row / 80 % 500),\(row % 3 == 0 ? "actual" : "potential"),fa"
            text += hasEmail ? ",c\(row)@customer.example\n" : "\n"
            if text.utf8.count > 1 << 20 {
                handle.write(Data(text.utf8))
                text = ""
            }
        }
        handle.write(Data(text.utf8))
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// The API as curl asks it.
private struct ImportServer {
    let base: String
    let key: String

    private var authorization: [String] { ["-s", "-S", "--fail-with-body", "-H", "Authorization: Bearer \(key)"] }

    /// Sends a file and waits until it is imported.
    func upload(_ file: URL) async throws {
        let sent = try await Tool.run(
            "curl", authorization + ["-H", "Content-Type: text/csv", "-T", file.path, "-X", "POST", "\(base)/imports"])
        guard let range = sent.firstRange(of: /"id":"[0-9a-f-]{36}"/) else { throw Tool.Failure(description: sent) }
        let id = sent[range].dropFirst(6).dropLast()
        while true {
            let found = try await Tool.run("curl", authorization + ["\(base)/imports/\(id)"])
            if found.contains(#""state":"done""#) { return }
            if found.contains(#""state":"failed""#) { throw Tool.Failure(description: found) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Parameter rows: how many customers it must have.
    func export(_ rows: Int) async throws {
        let lines = try await Tool.run(
            "sh",
            ["-c", "curl -s -S --fail -H 'Authorization: Bearer \(key)' '\(base)/export' | wc -l"])
        guard Int(lines.trimmingCharacters(in: .whitespacesAndNewlines)) == rows + 1 else {
            throw Tool.Failure(description: "the export has \(lines) lines")
        }
    }
}

/// The same by psql, as the superuser and without row security.
private struct ImportFloor {
    let superuser: String
    let tenant: Tenant.ID

    func prepare() async throws {
        try await psql([
            "CREATE SCHEMA bench", "CREATE SEQUENCE bench.number CACHE 1000",
            "CREATE TABLE bench.customer (LIKE crm.customer INCLUDING ALL)",
            "CREATE TABLE bench.contact_point (LIKE crm.contact_point INCLUDING ALL)",
            """
            ALTER TABLE bench.customer ALTER tenant_id SET DEFAULT '\(tenant)',
                ALTER id SET DEFAULT ('01900000-0000-7000-8000-' || lpad(to_hex(nextval('bench.number')), 12, '0'))::uuid,
                ADD COLUMN email text
            """,
        ])
    }

    func copy(_ file: URL, hasEmail: Bool) async throws {
        try await psql([
            "\\copy bench.customer (reference, name, stage, language\(hasEmail ? ", email" : "")) FROM '\(file.path)' (FORMAT csv, HEADER)"
        ])
        guard hasEmail else { return }
        try await psql([
            """
            INSERT INTO bench.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT tenant_id, ('01910000-0000-7000-8000-' || lpad(to_hex(nextval('bench.number')), 12, '0'))::uuid, id, 'email', email, true
            FROM bench.customer
            """
        ])
    }

    func emptyTables() async throws {
        try await psql([
            "TRUNCATE bench.customer, bench.contact_point", "TRUNCATE crm.customer CASCADE", "CHECKPOINT",
        ])
    }

    func settle() async throws { try await psql(["VACUUM ANALYZE crm.customer, crm.contact_point, crm.consent"]) }

    func export(_ query: String, limit: Int) async throws {
        // The parameters are the tenant, however often, and the limit at the end.
        let text = query.split(separator: "\n").joined(separator: " ")
            .replacing(/\$(\d+)/) { query.hasSuffix("$\($0.1)") ? "\(limit)" : "'\(tenant)'" }
        try await psql(["\\copy (\(text)) TO '/dev/null' (FORMAT csv)"])
    }

    private func psql(_ commands: [String]) async throws {
        _ = try await Tool.run(
            "psql",
            // What is one string would be one transaction.
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser] + commands.flatMap { ["-c", $0] })
    }
}
