import Crypto
public import Foundation
import JobQueue
import Postgres

/// Brings customers and orders in from CSV files, each file whole or not at all.
///
/// A file is UTF-8 with commas; its first line names the columns, in any order. An empty cell counts as not given: it leaves
/// what is known as it is. The tenant's imports write one after the other.
public struct ImportService: Sendable {
    private let database: Database
    private let limits: ImportLimits

    public init(database: Database, limits: ImportLimits = .init()) {
        self.database = database
        self.limits = limits
    }

    /// Creates and changes customers by their reference.
    ///
    /// Columns: `reference`, `name`; optionally `kind`, `stage`, `email`, `phone`, `language`, `time_zone`, `consent` (yes or no,
    /// to e-mail). An address that the customer does not have yet becomes the primary one of its channel.
    ///
    /// - Parameter file: a local file that nothing changes meanwhile; it is read twice.
    /// - Throws: ``ServiceError/invalid(_:)`` with row, column and reason of up to 100 bad values;
    ///   ``ServiceError/conflict(code:detail:)`` `import_running` when another import of the tenant takes too long;
    ///   ``ServiceError/forbidden(scope:)``. After any error nothing of the file is there.
    public func importCustomers(
        _ context: TenantContext, id: ImportReport.ID = .make(), from file: URL
    ) async throws -> ImportReport {
        try context.require(.customersWrite)
        return try await run(context, .customers, id, file) { transaction, source, importID, limits in
            try await CustomerImport(tenant: context.tenantID, id: importID, limits: limits)
                .run(&transaction, source)
        }
    }

    /// Creates and changes orders by their reference; a row without one is always a new order. Customers that bought become
    /// `actual` if they were `potential`.
    ///
    /// Columns: `customer_ref`, `ordered_on` (YYYY-MM-DD), `amount`; optionally `order_ref`, `quantity` and `currency`, without
    /// which an order has 1 and the tenant's currency.
    ///
    /// - Parameter file: a local file that nothing changes meanwhile; it is read twice.
    /// - Throws: ``ServiceError/invalid(_:)`` with row, column and reason of up to 100 bad values, also for unknown customers;
    ///   ``ServiceError/conflict(code:detail:)`` `duplicate_import` when the same file, with a row that has no `order_ref`, was
    ///   imported before, and `import_running`; ``ServiceError/forbidden(scope:)``. After any error nothing of the file is there.
    public func importOrders(
        _ context: TenantContext, id: ImportReport.ID = .make(), from file: URL
    ) async throws -> ImportReport {
        try context.require(.ordersWrite)
        return try await run(context, .orders, id, file) { transaction, source, importID, limits in
            try await OrderImport(tenant: context.tenantID, id: importID, limits: limits)
                .run(&transaction, source)
        }
    }

    /// What an import of before did.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: ImportReport.ID) async throws -> ImportReport {
        try await database.lookUp(context, ImportStatements.find(context.tenantID, id)).orNotFound("import")
    }

    private typealias Work = (
        _ transaction: inout TenantTransaction, _ file: URL, _ importID: ImportReport.ID, _ limits: ImportLimits
    ) async throws -> ImportOutcome

    /// Another writer can stand in the way of a whole import, which then begins anew.
    private static let attempts = 3
    private static let bulk = 1000

    private func run(
        _ context: TenantContext, _ kind: ImportReport.Kind, _ id: ImportReport.ID, _ file: URL, _ work: Work
    ) async throws -> ImportReport {
        let report = try await attempts(context, kind, id, file, work)
        // After this many new rows the sizes that PostgreSQL knows are far off.
        if report.created + report.updated >= Self.bulk {
            await database.analyse(context, ["customer", kind == .customers ? "contact_point" : "customer_order"])
        }
        return report
    }

    private func attempts(
        _ context: TenantContext, _ kind: ImportReport.Kind, _ id: ImportReport.ID, _ file: URL, _ work: Work
    ) async throws -> ImportReport {
        let digest = try await Self.digest(of: file)
        for _ in 1..<Self.attempts {
            do {
                return try await attempt(context, kind, id, file, digest, work)
            } catch let error as PostgresError where error.isCollision {
                continue
            } catch is ImportOvertaken {
                continue
            }
        }
        return try await attempt(context, kind, id, file, digest, work)
    }

    private func attempt(
        _ context: TenantContext, _ kind: ImportReport.Kind, _ id: ImportReport.ID, _ file: URL, _ digest: Bytes,
        _ work: Work
    ) async throws -> ImportReport {
        let tenant = context.tenantID
        do {
            return try await database.withTenant(context, timeout: limits.timeout) { transaction in
                let (_, earlier) = try await transaction.pipeline(
                    ImportStatements.prepare(limits), ImportStatements.earlier(tenant, kind, digest: digest))
                guard earlier == nil else { throw Self.duplicate }
                let outcome = try await work(&transaction, file, id, limits)
                let report = ImportReport(
                    id: id, kind: kind, rows: outcome.rows, created: outcome.created, updated: outcome.updated)
                let counts = ["rows": report.rows, "created": report.created, "updated": report.updated]
                try await transaction.noteImported(kind, outcome)
                _ = try await transaction.pipeline(
                    ImportStatements.record(tenant, report, digest: digest, hasReferences: outcome.hasReferences),
                    try Event.record(
                        "\(kind.rawValue).imported", "import", id.rawValue, by: context,
                        data: counts.mapValues { .number(Decimal($0)) }))
                return report
            }
        } catch let error as PostgresError where error.violates("import_digest_key") {
            throw Self.duplicate
        } catch let error as PostgresError
            where error.state == .lockNotAvailable && error.statement == ImportStatements.lockName.description
        {
            throw ServiceError.conflict(
                code: "import_running", detail: "Another import is being written; try again when it is done.")
        }
    }

    private static let duplicate = ServiceError.conflict(
        code: "duplicate_import",
        detail: "This file was imported before. Orders without order_ref would be there twice.")

    /// SHA-256 of the file's bytes.
    private static func digest(of url: URL) async throws -> Bytes {
        let file = try FileHandle(forReadingFrom: url)
        var hash = SHA256()
        while let data = try file.read(upToCount: 256 * 1024), !data.isEmpty {
            hash.update(data: data)
            // Others want the processor too.
            try Task.checkCancellation()
            await Task.yield()
        }
        return Bytes(Array(hash.finalize()))
    }
}

extension TenantTransaction {
    /// Has the customers looked after whom the file is about: many of them together with all others.
    fileprivate mutating func noteImported(_ kind: ImportReport.Kind, _ outcome: ImportOutcome) async throws {
        let tenant = context.tenantID
        if outcome.created + outcome.updated + outcome.promoted == 0 { return }
        // An order that was changed may have been another customer's.
        let isFew = outcome.rows <= RefreshCustomers.bulk && (kind == .customers || outcome.updated == 0)
        if isFew {
            let customers = try await run(ImportStatements.customers(tenant, kind))
            try await run(RefreshCustomers.noting(tenant, customers))
        } else {
            _ = try await run(try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RefreshSegments())]))
        }
    }
}

/// What an import did, before it is recorded.
struct ImportOutcome {
    let rows: Int
    let created: Int
    let updated: Int
    /// Customers that became actual ones.
    var promoted = 0
    /// Whether importing the file again would find every row again.
    let hasReferences: Bool
}

/// What the file refers to was deleted while the import ran.
struct ImportOvertaken: Error {}

extension PostgresError {
    /// Whether another writer was in the way, so that a second attempt can succeed.
    fileprivate var isCollision: Bool {
        state == .deadlockDetected || state == .serializationFailure || violates("contact_point_primary_key")
    }
}
