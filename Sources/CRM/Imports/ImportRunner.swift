import Foundation
import JobQueue
import Postgres

/// Imports files that were taken in, as many rows at a time as one short transaction bears; one that is imported whole or not at all, in
/// one transaction.
public struct ImportRunner: Sendable {
    let database: Database
    let limits: ImportLimits

    public init(database: Database, limits: ImportLimits = .init()) {
        self.database = database
        self.limits = limits
    }

    /// Another import of the tenant is being written, for longer than one waits.
    public struct Busy: Error, CustomStringConvertible {
        public var description: String { "another import is being written; resume this one when that is done" }
    }

    /// Goes on with an import.
    ///
    /// - Parameters:
    ///   - isSliced: whether it leaves after ``ImportLimits/slice``, with a job that goes on.
    ///   - isLastAttempt: whether nobody tries again after an error; then the import is failed.
    public func run(
        _ context: TenantContext, _ id: FileImport.ID, isSliced: Bool = false, isLastAttempt: Bool = false
    ) async throws {
        guard let begun = try await database.run(context, ImportStatements.begin(context.tenantID, id)) else { return }
        let context = TenantContext(
            tenantID: context.tenantID, actor: begun.actor, scopes: context.scopes, requestID: nil)
        do {
            switch begun.kind {
            case .customers: try await importCustomers(context, id, begun, isSliced)
            case .orders: try await importOrders(context, id, begun, isSliced)
            }
        } catch is ImportStopped {
            return
        } catch let fault as ImportFault {
            try await fail(context, id, fault.failure)
        } catch let error as PostgresError where error.violates("import_digest_key") {
            try await fail(
                context, id, FileImport.Failure(code: "duplicate_import", detail: ImportService.duplicateDetail))
        } catch let error as PostgresError where error.state?.rawValue.hasPrefix("22") == true {
            // A value that no column takes, which trying again does not mend.
            try await fail(
                context, id, FileImport.Failure(code: "invalid", detail: "A value of the file cannot be kept."))
        } catch ServiceError.invalid(let errors) {
            try await fail(
                context, id,
                FileImport.Failure(code: "invalid", detail: errors.first?.detail ?? "The header is no good."))
        } catch let error as PostgresError
            where error.state == .lockNotAvailable && error.statement == ImportStatements.lockName.description
        {
            throw Busy()
        } catch  where isLastAttempt && !(error is CancellationError) {
            try await fail(
                context, id, FileImport.Failure(code: "given_up", detail: "It failed too often; it can be resumed."))
            throw error
        }
        let isOver = try await database.run(context, ImportStatements.find(context.tenantID, nil, id))?.state.isOver
        if isOver == true { await analyse(context, begun.kind) }
    }

    /// Has what comes next planned with the sizes that the tables have now.
    func analyse(_ context: TenantContext, _ kind: FileImport.Kind) async {
        await database.analyse(context, ["customer", kind == .customers ? "contact_point" : "customer_order"])
    }

    private func fail(_ context: TenantContext, _ id: FileImport.ID, _ failure: FileImport.Failure) async throws {
        let tenant = context.tenantID
        try await database.withTenant(context) { transaction in
            let (ended, found) = try await transaction.pipeline(
                ImportStatements.end(tenant, id, .failed, failure), ImportStatements.find(tenant, nil, id))
            if ended > 0, let found { try await transaction.leave(found) }
        }
    }

    // MARK: Kinds

    private func importCustomers(
        _ context: TenantContext, _ id: FileImport.ID, _ begun: RunningImport, _ isSliced: Bool
    ) async throws {
        let reader: ImportReader<CustomerRecord> = try await reader(context, id, begun)
        let tenant = context.tenantID
        let (settings, attributes, markets, members) = try await database.pipeline(
            context, TenantStatements.settings(tenant), ImportTermsStatements.attributes(tenant),
            ImportTermsStatements.markets(tenant), ImportTermsStatements.members(tenant))
        let terms = CustomerImportTerms(
            key: CustomerImportKey(begun.options.key), currency: settings.currency,
            language: String(settings.locale.prefix { $0 != "-" }),
            zone: settings.zone, hasDetails: reader.hasDetails(),
            attributes: Dictionary(attributes.map { ($0.name, $0) }) { $1 },
            markets: Dictionary(
                markets.flatMap { [($0.name.lowercased(), $0.id), ($0.id.uuidString.lowercased(), $0.id)] }
            ) { _, _ in nil },
            owners: Dictionary(members.map { ($0.address.lowercased(), $0.id) }) { $1 })
        try await run(CustomerImport(context: context, id: id, terms: terms), terms, reader, begun, isSliced)
    }

    private func importOrders(
        _ context: TenantContext, _ id: FileImport.ID, _ begun: RunningImport, _ isSliced: Bool
    ) async throws {
        let reader: ImportReader<OrderRecord> = try await reader(context, id, begun)
        let settings = try await database.run(context, TenantStatements.settings(context.tenantID))
        let terms = OrderImportTerms(currency: settings.currency)
        try await run(OrderImport(context: context, id: id, terms: terms), terms, reader, begun, isSliced)
    }

    private func reader<Record>(
        _ context: TenantContext, _ id: FileImport.ID, _ begun: RunningImport
    ) async throws -> ImportReader<Record> {
        let database = database
        return try await ImportReader(begun.options, limits, from: begun.isWhole ? .start : begun.place) { number in
            let chunk = try await database.run(context, ImportStatements.chunk(context.tenantID, id, number))
            if chunk == nil, number < begun.chunks { throw ImportFault.unreadable("A part of the file is gone.") }
            return chunk?.value
        }
    }

    private func run<Writing: ImportWriting>(
        _ writing: Writing, _ terms: Writing.Record.Terms, _ reader: ImportReader<Writing.Record>,
        _ begun: RunningImport,
        _ isSliced: Bool
    ) async throws {
        if begun.isWhole {
            let (runner, context, id) = (self, writing.context, writing.id)
            try await WholeImport(runner: self, writing: writing, begun: begun).run(terms) {
                try await runner.reader(context, id, begun)
            }
        } else {
            try await PartialImport(runner: self, writing: writing, begun: begun, isSliced: isSliced).run(terms, reader)
        }
    }
}

/// It is not the import's turn any more: it was cancelled, or somebody else goes on with it.
struct ImportStopped: Error {}

/// Somebody else changed what the rows are about while they were written.
struct ImportOvertaken: Error {}

extension RunningImport {
    /// Whether it is one transaction.
    var isWhole: Bool { options.mode == .allOrNothing || options.isDryRun }

    /// Whether it has more than some ten thousand rows, by the size of the file.
    var isLarge: Bool { chunks > ImportSource.chunksOfSmall }
}

extension PostgresError {
    /// Whether another writer was in the way, so that a second attempt can succeed.
    var isCollision: Bool {
        state == .deadlockDetected || state == .serializationFailure || state == .foreignKeyViolation
            || violates("contact_point_primary_key") || violates("customer_reference_pkey")
            || violates("customer_reference_key")
    }
}
