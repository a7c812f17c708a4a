import Crypto
public import Foundation
import JobQueue
import Postgres

/// Takes files of customers and orders in, tells what comes of them, stops them and has them go on.
///
/// A file is kept in the database until a job has imported it: ``ImportRunner`` does. CSV has a first line that names the columns, in
/// any order; NDJSON an object a line. An empty cell counts as not given: it leaves what is known as it is.
///
/// Columns of customers: ``ImportOptions/key`` finds them again; `reference`, `name`, `kind`, `stage`, `stage_reason`, `email`, `phone`,
/// `language`, `time_zone`, `consent` (yes or no, to e-mail), `birth_date`, `source`, `acquisition_amount`, `acquisition_currency`,
/// `tags` and `markets` (names or ids, with semicolons between them), `owner` (a member's address), `organisation` (its reference), and
/// `names.`, `references.`, `attributes.`, `addresses.`, `consents.` and `consents_given_at.` with what they are of. An address that the customer does not have yet becomes the primary
/// one of its channel; tags, markets and what has a name of its own are added to what there is.
///
/// Columns of orders: `customer_ref`, `ordered_on`, `amount`; optionally `order_ref`, by which an order is found again, `quantity` and
/// `currency`. Customers that bought become `actual` if they were `potential`.
public struct ImportService: Sendable {
    let database: Database
    package let limits: ImportLimits

    public init(database: Database, limits: ImportLimits = .init()) {
        self.database = database
        self.limits = limits
    }

    /// Takes a file in, and has a job import it.
    ///
    /// - Parameters:
    ///   - file: a local file that nothing changes meanwhile; it is read twice.
    ///   - isQueued: whether a job is to do it; otherwise whoever calls does, by an ``ImportRunner``.
    /// - Throws: ``ServiceError/invalid(_:)`` for options that do not go together, and with row 1 for a header that is no good;
    ///   ``ServiceError/conflict(code:detail:)`` `duplicate_import` when the same file of orders, with a row that has no `order_ref`, was
    ///   sent before; ``ServiceError/forbidden(scope:)``.
    public func create(
        _ context: TenantContext, id: FileImport.ID = .make(), _ kind: FileImport.Kind, _ options: ImportOptions,
        from file: URL, isQueued: Bool = true
    ) async throws -> FileImport {
        try context.require(kind.writeScope)
        try ServiceError.refuse(options.faults(of: kind))
        let source = try LocalFile(file)
        let (titles, hasReferences) = try await look(kind, options, source)
        let digest = try await source.digest()
        let tenant = context.tenantID
        // Dry runs make nothing twice. Rows that lack a reference are found when they are read.
        let isMade = kind == .orders && !options.isDryRun
        do {
            return try await database.withTenant(context, timeout: limits.timeout) { transaction in
                if isMade, try await transaction.run(ImportStatements.earlier(tenant, kind, digest: digest)) != nil {
                    throw Self.duplicate
                }
                _ = try await transaction.run(
                    try ImportStatements.insert(
                        id, kind, options, titles: titles, digest: digest, hasReferences: !isMade || hasReferences,
                        size: source.size,
                        chunks: source.chunks,
                        by: context))
                for number in 0..<source.chunks {
                    guard let chunk = try source.chunk(number) else { break }
                    _ = try await transaction.run(ImportStatements.insertChunk(tenant, id, number, Bytes(chunk)))
                }
                if isQueued {
                    _ = try await transaction.run(
                        try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RunImport(importID: id))]))
                }
                return try await transaction.pipeline(
                    try Event.record(
                        "import.created", "import", id.rawValue, by: context, data: ["kind": .string(kind.rawValue)]),
                    ImportStatements.find(tenant, kind, id)
                ).1.orNotFound(FileImport.kind)
            }
        } catch let error as PostgresError where error.violates("import_digest_key") {
            throw Self.duplicate
        }
    }

    /// What the columns are called in the header, and whether rows have references; whether a row follows is looked at, too.
    private func look(
        _ kind: FileImport.Kind, _ options: ImportOptions, _ file: LocalFile
    ) async throws -> (titles: [String], hasReferences: Bool) {
        do {
            switch kind {
            case .customers:
                var reader = try await ImportReader<CustomerRecord>(options, limits) { try file.chunk($0) }
                try await reader.requireRow()
                try reader.requireKey(options)
                return (reader.header?.titles ?? [], true)
            case .orders:
                var reader = try await ImportReader<OrderRecord>(options, limits) { try file.chunk($0) }
                try await reader.requireRow()
                return (reader.header?.titles ?? [], reader.header.map { $0.position(of: .reference) != nil } ?? true)
            }
        } catch let fault as ImportFault {
            throw ServiceError.invalid("", fault.failure.code, fault.failure.detail)
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ kind: FileImport.Kind, _ id: FileImport.ID) async throws -> FileImport
    {
        try context.require(kind.readScope)
        return try await database.lookUp(context, ImportStatements.find(context.tenantID, kind, id))
            .orNotFound(FileImport.kind)
    }

    /// Newest first.
    public func list(
        _ context: TenantContext, _ kind: FileImport.Kind, _ filter: ImportFilter, _ page: PageRequest<FileImport>
    ) async throws -> Page<FileImport> {
        try context.require(kind.readScope)
        return page.page(
            of: try await database.run(context, ImportStatements.list(context.tenantID, kind, filter, page)))
    }

    /// Stops an import: what it has written stays, and the rest is not read. A file that is imported whole or not at all leaves nothing.
    /// One that is over stays as it is.
    public func cancel(
        _ context: TenantContext, _ kind: FileImport.Kind, _ id: FileImport.ID
    ) async throws -> FileImport {
        try await change(context, kind, id, "import.cancelled") { tenant, found in
            found.state.isOver ? nil : ImportStatements.end(tenant, id, .cancelled, nil)
        }
    }

    /// Has an import that failed or was cancelled go on where it stopped; one that is imported whole or not at all begins anew.
    ///
    /// - Throws: ``ServiceError/conflict(code:detail:)`` `not_resumable` when the file is not there any more.
    public func resume(
        _ context: TenantContext, _ kind: FileImport.Kind, _ id: FileImport.ID
    ) async throws -> FileImport {
        try await change(context, kind, id, "import.resumed") { tenant, found in
            switch found.state {
            // Whoever was to go on may be gone; two who do are told apart.
            case .waiting, .running: ImportStatements.wait(tenant, id)
            case .done: throw Self.notResumable
            case .failed, .cancelled: ImportStatements.resume(tenant, id)
            }
        }
    }

    private func change(
        _ context: TenantContext, _ kind: FileImport.Kind, _ id: FileImport.ID, _ action: String,
        _ change: @Sendable (Tenant.ID, FileImport) throws -> Statement<Int>?
    ) async throws -> FileImport {
        try context.require(kind.writeScope)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let found = try await transaction.run(ImportStatements.find(tenant, kind, id)).orNotFound(FileImport.kind)
            guard let statement = try change(tenant, found) else { return found }
            guard try await transaction.run(statement) == 1 else {
                // It ended meanwhile, or its file is gone.
                let now = try await transaction.run(ImportStatements.find(tenant, kind, id)).orNotFound(FileImport.kind)
                if now.state == found.state { throw Self.notResumable }
                return now
            }
            let changed = try await transaction.pipeline(
                try Event.record(action, "import", id.rawValue, by: context), ImportStatements.find(tenant, kind, id)
            ).1.orNotFound(FileImport.kind)
            if changed.state.isOver {
                try await transaction.leave(changed)
            } else {
                _ = try await transaction.run(
                    try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RunImport(importID: id))]))
            }
            return changed
        }
    }

    /// The rows that were wrong, in the order of the file.
    public func rejectedRows(
        _ context: TenantContext, _ kind: FileImport.Kind, _ id: FileImport.ID, _ page: PageRequest<RejectedRow>
    ) async throws -> Page<RejectedRow> {
        // They are the file's text, which whoever may write it knows.
        try context.require(kind.writeScope)
        let (found, rows) = try await database.pipeline(
            context, ImportStatements.find(context.tenantID, kind, id),
            ImportStatements.rejected(context.tenantID, id, page))
        _ = try found.orNotFound(FileImport.kind)
        return page.page(of: rows)
    }

    /// Takes away what is kept of files whose import is long over. For each night.
    public func forgetOld(_ context: TenantContext) async throws {
        let tenant = context.tenantID
        try await database.withTenant(context) { transaction in
            let (failed, _, _) = try await transaction.pipeline(
                ImportStatements.failForgotten(tenant), ImportStatements.forgetChunks(tenant),
                ImportStatements.forgetRejected(tenant))
            for file in failed { try await transaction.leave(file) }
        }
    }

    private static let duplicate = ServiceError.conflict(code: "duplicate_import", detail: duplicateDetail)

    static let duplicateDetail = "This file was sent before. Orders without order_ref would be there twice."

    private static let notResumable = ServiceError.conflict(
        code: "not_resumable", detail: "Nothing of the file is left to read; send it again.")
}

extension FileImport.Kind {
    public var readScope: Scope { self == .customers ? .customersRead : .ordersRead }
    public var writeScope: Scope { self == .customers ? .customersWrite : .ordersWrite }
}

extension ImportOptions {
    func faults(of kind: FileImport.Kind) -> [FieldError] {
        var errors: [FieldError] = []
        if kind == .orders, key != "reference" {
            errors.append(FieldError("/key", "not_allowed", "Orders are found again by their order_ref alone."))
        }
        Self.keyRule.check(key, "/key", into: &errors)
        if columns.count > Self.maximumColumns {
            errors.append(FieldError("/columns", "too_many", "At most \(Self.maximumColumns)."))
        }
        if format == .ndjson, delimiter != .comma {
            errors.append(FieldError("/delimiter", "not_allowed", "Only CSV has one."))
        }
        return errors
    }
}

/// A file of this machine, read in chunks.
private final class LocalFile: Sendable {
    private let url: URL
    let size: Int

    init(_ url: URL) throws {
        self.url = url
        size = try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
    }

    var chunks: Int { (size + ImportSource.chunkSize - 1) / ImportSource.chunkSize }

    func chunk(_ number: Int) throws -> [UInt8]? {
        let file = try FileHandle(forReadingFrom: url)
        defer { file.closeFile() }
        try file.seek(toOffset: UInt64(number * ImportSource.chunkSize))
        guard let data = try file.read(upToCount: ImportSource.chunkSize), !data.isEmpty else { return nil }
        return Array(data)
    }

    /// SHA-256 of the file's bytes.
    func digest() async throws -> Bytes {
        var hash = SHA256()
        for number in 0..<chunks {
            guard let chunk = try chunk(number) else { break }
            hash.update(data: chunk)
            // Others want the processor too.
            try Task.checkCancellation()
            await Task.yield()
        }
        return Bytes(Array(hash.finalize()))
    }
}
