import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// A tenant into which a test imports files.
struct ImportFixture {
    let server: TestDatabase
    let tenant: TestTenant
    let service: ImportService

    /// Lends a tenant in a database of its own.
    static func with(
        limits: ImportLimits = .init(), _ body: (ImportFixture) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { server in
            let tenant = try await makeTenant(in: server, slug: "first")
            try await body(ImportFixture(server: server, tenant: tenant, limits: limits))
        }
    }

    init(server: TestDatabase, tenant: TestTenant, limits: ImportLimits = .init()) {
        self.server = server
        self.tenant = tenant
        service = ImportService(database: tenant.database, limits: limits)
    }

    func customers(_ csv: String) async throws -> ImportReport { try await customers(bytes: Array(csv.utf8)) }

    func customers(bytes: [UInt8]) async throws -> ImportReport {
        try await withFile(bytes) { try await service.importCustomers(tenant.context, from: $0) }
    }

    func orders(_ csv: String) async throws -> ImportReport {
        try await withFile(Array(csv.utf8)) { try await service.importOrders(tenant.context, from: $0) }
    }

    /// The errors with which the import was refused.
    func refusal(_ attempt: () async throws -> ImportReport) async throws -> [FieldError] {
        do {
            let report = try await attempt()
            Issue.record("the file was imported: \(report)")
            return []
        } catch ServiceError.invalid(let errors) {
            return errors
        }
    }

    /// The rows of a query as the superuser sees them, columns joined by a bar, NULL as nothing.
    func rows(_ query: SQL) async throws -> [String] {
        try await Connection.with(server.configuration()) { connection in
            try await connection.run(
                Statement<[String]>(
                    "test.rows",
                    "SELECT array_to_string(ARRAY(SELECT value FROM jsonb_each_text(to_jsonb(t))), '|') FROM (\(query)) t",
                    all: { try $0.next() }))
        }
    }

    func count(_ query: SQL) async throws -> Int {
        try await Connection.with(server.configuration()) { connection in
            try await connection.run(Statement<Int>("test.count", query, one: { try $0.next() }))
        }
    }

    /// Every row of the tables that imports write, which must not change when one is refused.
    func everything() async throws -> [Int] {
        [
            try await count("SELECT count(*) FROM crm.customer"),
            try await count("SELECT count(*) FROM crm.contact_point"),
            try await count("SELECT count(*) FROM crm.consent"),
            try await count("SELECT count(*) FROM crm.customer_order"),
            try await count("SELECT count(*) FROM crm.import"), try await count("SELECT count(*) FROM crm.event"),
        ]
    }

    private func withFile<Result>(_ bytes: [UInt8], _ body: (URL) async throws -> Result) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID().uuidString).csv")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file)
    }
}

/// What a report counts.
func counts(_ report: ImportReport) -> [Int] { [report.rows, report.created, report.updated, report.unchanged] }

/// Row, column and code of each error.
func places(_ errors: [FieldError]) -> [String] {
    errors.map { "\($0.row.map(String.init) ?? "-") \($0.column ?? "-") \($0.code)" }
}
