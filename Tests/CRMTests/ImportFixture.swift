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

    func customers(_ csv: String, _ options: ImportOptions = .whole) async throws -> FileImport {
        try await customers(bytes: Array(csv.utf8), options)
    }

    func customers(bytes: [UInt8], _ options: ImportOptions = .whole) async throws -> FileImport {
        try await run(.customers, bytes, options)
    }

    func orders(_ csv: String, _ options: ImportOptions = .whole) async throws -> FileImport {
        try await run(.orders, Array(csv.utf8), options)
    }

    /// Imports a file; what is wrong with its rows is thrown, where nothing of it is imported.
    private func run(
        _ kind: FileImport.Kind, _ bytes: [UInt8], _ options: ImportOptions
    ) async throws -> FileImport {
        let report = try await importFile(tenant.database, tenant.context, kind, bytes, options, limits: service.limits)
        if let failure = report.failure {
            let errors = try await rejected(report).flatMap(\.errors)
            throw ServiceError.invalid(errors.isEmpty ? [FieldError("", failure.code, failure.detail)] : errors)
        }
        return report
    }

    func rejected(_ report: FileImport) async throws -> [RejectedRow] {
        try await service.rejectedRows(tenant.context, report.kind, report.id, try PageRequest(limit: 200)).items
    }

    /// The errors with which the import was refused.
    func refusal(_ attempt: () async throws -> FileImport) async throws -> [FieldError] {
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
            try await count("SELECT count(*) FROM crm.event WHERE object_kind <> 'import'"),
        ]
    }
}

extension ImportOptions {
    /// All or nothing.
    static var whole: ImportOptions {
        var options = ImportOptions()
        options.mode = .allOrNothing
        return options
    }
}

/// What a report counts.
func counts(_ report: FileImport) -> [Int] {
    [report.counts.rows, report.counts.created, report.counts.updated, report.counts.unchanged]
}

/// Row, column and code of each error.
func places(_ errors: [FieldError]) -> [String] {
    errors.map { "\($0.row.map(String.init) ?? "-") \($0.column ?? "-") \($0.code)" }
}
