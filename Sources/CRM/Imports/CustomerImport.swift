import Foundation
import Postgres

/// One file of customers on its way into the tenant's tables, within one transaction.
struct CustomerImport {
    let tenant: Tenant.ID
    let id: ImportReport.ID
    let limits: ImportLimits

    func run(_ transaction: inout TenantTransaction, _ url: URL) async throws -> ImportOutcome {
        var file = try ImportFile<CustomerRecord>(url, limits)
        let (settings, _, _) = try await transaction.pipeline(
            TenantStatements.settings(tenant), CustomerImportStatements.createStaging,
            CustomerImportStatements.createChanges)
        var rows = 0
        try await transaction.copyIn("import.copy_customers", CustomerImportStatements.copy) { writer in
            rows = try await file.copy(to: &writer)
        }
        let (_, _, duplicates) = try await transaction.pipeline(
            ImportStatements.plan(rows: rows), CustomerImportStatements.analyze,
            CustomerImportStatements.duplicates(limit: limits.maximumErrors))
        var errors = ImportErrors(limit: limits.maximumErrors)
        for duplicate in duplicates { errors.reportDuplicate(duplicate, column: CustomerRecord.Column.reference.name) }
        try errors.check()
        _ = try await transaction.run(ImportStatements.lock(tenant))
        let language = String(settings.locale.prefix { $0 != "-" })
        let created = try await transaction.run(CustomerImportStatements.insert(tenant, id, language: language))
        let updated = created < rows ? try await change(&transaction) : 0
        if created > 0 {
            _ = try await transaction.pipeline(
                CustomerImportStatements.insertContactPoints(tenant, of: .created),
                CustomerImportStatements.recordConsents(id, by: transaction.context, of: .created))
        }
        if created < rows, try await transaction.run(CustomerImportStatements.countPresent(tenant)) != rows {
            throw ImportOvertaken()
        }
        return ImportOutcome(rows: rows, created: created, updated: updated, hasReferences: true)
    }

    /// Changes the customers that were there before, where the file says something new; gives their number.
    private func change(_ transaction: inout TenantTransaction) async throws -> Int {
        let changes = try await transaction.run(CustomerImportStatements.findChanges(tenant))
        guard changes > 0 else { return 0 }
        let conflicts = try await transaction.run(
            CustomerImportStatements.kindConflicts(tenant, limit: limits.maximumErrors))
        var errors = ImportErrors(limit: limits.maximumErrors)
        for (row, kind) in conflicts {
            errors.report(
                row: row, column: CustomerRecord.Column.kind.name, "in_use",
                kind == "person"
                    ? "People belong to this organisation." : "This person belongs to an organisation.")
        }
        try errors.check()
        let (_, _, updated, _, _, _) = try await transaction.pipeline(
            CustomerImportStatements.analyzeChanges,
            CustomerImportStatements.recordStageChanges(id, by: transaction.context),
            CustomerImportStatements.update(tenant),
            CustomerImportStatements.demoteContactPoints(tenant),
            CustomerImportStatements.insertContactPoints(tenant, of: .changed),
            CustomerImportStatements.recordConsents(id, by: transaction.context, of: .changed))
        guard updated == changes else { throw ImportOvertaken() }
        return updated
    }
}
