import Foundation
import Postgres

/// One file of orders on its way into the tenant's tables, within one transaction.
struct OrderImport {
    let tenant: Tenant.ID
    let id: ImportReport.ID
    let limits: ImportLimits

    func run(_ transaction: inout TenantTransaction, _ url: URL) async throws -> ImportOutcome {
        var file = try ImportFile<OrderRecord>(url, limits)
        let (settings, _) = try await transaction.pipeline(
            TenantStatements.settings(tenant), OrderImportStatements.createStaging)
        var rows = 0
        try await transaction.copyIn("import.copy_orders", OrderImportStatements.copy) { writer in
            rows = try await file.copy(to: &writer)
        }
        let (_, _, referenced, duplicates, unknown) = try await transaction.pipeline(
            ImportStatements.plan(rows: rows), OrderImportStatements.analyze,
            OrderImportStatements.countReferences,
            OrderImportStatements.duplicates(limit: limits.maximumErrors),
            OrderImportStatements.unknownCustomers(tenant, limit: limits.maximumErrors))
        try check(duplicates, unknown)
        let (_, settled) = try await transaction.pipeline(
            ImportStatements.lock(tenant), OrderImportStatements.settledOrders(tenant, limit: limits.maximumErrors))
        var errors = ImportErrors(limit: limits.maximumErrors)
        for row in settled {
            errors.report(
                row: row, column: OrderRecord.Column.amount.name, "has_lines",
                "The order has lines, or something came back of it; change it through the API.")
        }
        try errors.check()
        let (created, promoted) = try await transaction.pipeline(
            OrderImportStatements.insert(tenant, id, currency: settings.currency),
            OrderImportStatements.promoteCustomers(id, by: transaction.context))
        // The rows hold on to their customers from here on, whoever waited for whom.
        if try await transaction.run(OrderImportStatements.hasLostCustomers(tenant, id)) { throw ImportOvertaken() }
        var updated = 0
        if created < rows {
            let (changed, present, vanished) = try await transaction.pipeline(
                OrderImportStatements.update(tenant), OrderImportStatements.countPresent(tenant),
                OrderImportStatements.unknownCustomers(tenant, limit: 1))
            guard present == referenced, vanished.isEmpty else { throw ImportOvertaken() }
            updated = changed
        }
        return ImportOutcome(
            rows: rows, created: created, updated: updated, promoted: promoted, hasReferences: referenced == rows)
    }

    /// Tells duplicates and unknown customers together, in the order of the file.
    private func check(
        _ duplicates: [(row: Int, reference: String, first: Int)], _ unknown: [(row: Int, reference: String)]
    ) throws {
        var found = ImportErrors(limit: duplicates.count + unknown.count)
        for duplicate in duplicates { found.reportDuplicate(duplicate, column: OrderRecord.Column.reference.name) }
        for (row, reference) in unknown {
            found.report(
                row: row, column: OrderRecord.Column.customerReference.name, "unknown_customer",
                "No customer has the reference \"\(reference)\".")
        }
        guard !found.isEmpty else { return }
        let ordered = found.list.sorted { ($0.row ?? 0, $0.column ?? "") < ($1.row ?? 0, $1.column ?? "") }
        throw ServiceError.invalid(Array(ordered.prefix(limits.maximumErrors)))
    }
}
