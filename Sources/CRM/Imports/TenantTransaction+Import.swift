import Foundation
import JobQueue
import Postgres

extension TenantTransaction {
    /// Brings a batch into the staging tables, without the rows that cannot be imported, which are given back.
    ///
    /// - Parameter holding: whether what the rows name is held at once.
    mutating func stage<Writing: ImportWriting>(
        _ batch: ImportBatch<Writing.Record>, _ writing: Writing, _ options: ImportOptions,
        holding: Bool = true
    ) async throws -> [RejectedRow] {
        if batch.records.isEmpty { return [] }
        try await copyIn(Writing.copyName, Writing.copy) { writer in
            for (line, record) in batch.records {
                try await writer.row(columns: Writing.Record.fieldCount) { record.write(row: line, to: &$0) }
            }
        }
        if holding { try await hold(writing.links(of: batch)) }
        _ = try await pipeline(all: writing.checks)
        let faults = try await run(StagingStatements.faults)
        var rows: [(row: Int, errors: [FieldError])] = []
        for fault in faults {
            let error = FieldError(row: fault.row, column: fault.column, fault.code, fault.detail)
            if rows.last?.row == fault.row {
                rows[rows.count - 1].errors.append(error)
            } else {
                rows.append((fault.row, [error]))
            }
        }
        return rows.map { row, errors in
            RejectedRow(row: row, errors: errors, content: batch.content(of: row, options.encoding))
        }
    }

    /// Has what rows name stay until the transaction ends.
    mutating func hold(_ links: [ObjectLink]) async throws {
        if links.isEmpty { return }
        // What was there when the rows were read is gone, and they are to be read again.
        do { try await require(links) } catch ServiceError.invalid { throw ImportTermsChanged() }
    }

    /// Writes what is in the staging tables; tells how many rows made or changed something.
    mutating func write<Writing: ImportWriting>(_ writing: Writing) async throws -> ImportCounts {
        let writes = writing.writes
        let (created, updated, lost) = writes.counts(try await pipeline(all: writes.all))
        if lost > 0 { throw ImportOvertaken() }
        return ImportCounts(created: created, updated: updated)
    }

    /// Has the customers looked after who were written: those of a small file by themselves, of a large one with all others.
    ///
    /// - Parameters:
    ///   - rows: of the file up to now.
    ///   - isLast: whether no more come.
    ///   - isOnly: whether none came before.
    ///   - isLarge: whether so many rows are to come that all customers are looked through for duplicates at the end.
    mutating func note<Writing: ImportWriting>(
        _ writing: Writing, _ counts: ImportCounts, rows: Int, isLast: Bool, isOnly: Bool,
        isLarge: Bool
    ) async throws {
        let tenant = context.tenantID
        let isOfCustomers = Writing.kind == .customers
        // An order that was changed may have been another customer's.
        if isLast, isOnly, rows <= RefreshCustomers.bulk, isOfCustomers || counts.updated == 0 {
            let customers = try await run(writing.writes.customers)
            try await run(RefreshCustomers.noting(tenant, customers))
            return
        }
        if isOfCustomers, rows <= FindDuplicates.bulk, !isLarge {
            let customers = try await run(writing.writes.customers)
            try await run(FindDuplicates.note(tenant: tenant.rawValue, items: customers.map(\.rawValue)))
        }
        guard isLast else { return }
        _ = try await run(try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RefreshSegments())]))
        if isOfCustomers, rows > FindDuplicates.bulk || isLarge { _ = try await beginScan(isAnew: true) }
    }

    /// Has the customers looked after whom an import wrote before it ended early. A long one left it to its end to look for duplicates.
    mutating func leave(_ file: FileImport) async throws {
        guard file.counts.created + file.counts.updated > 0 else { return }
        _ = try await run(
            try Enqueue.statement(tenant: context.tenantID.rawValue, jobs: [NewJob(RefreshSegments())]))
        let isLarge = file.size > ImportSource.chunksOfSmall * ImportSource.chunkSize
        if file.kind == .customers, file.counts.rows > FindDuplicates.bulk || isLarge {
            _ = try await beginScan(isAnew: true)
        }
    }

    /// Takes the file away of an import that is done, and tells of it in the log.
    mutating func finish(_ kind: FileImport.Kind, _ id: FileImport.ID) async throws {
        let tenant = context.tenantID
        let (_, found) = try await pipeline(
            ImportStatements.deleteChunks(tenant, id), ImportStatements.find(tenant, kind, id))
        let counts = try found.orNotFound(FileImport.kind).counts
        let data = [
            "rows": counts.rows, "created": counts.created, "updated": counts.updated, "rejected": counts.rejected,
        ]
        _ = try await run(
            try Event.record(
                "\(kind.rawValue).imported", "import", id.rawValue, by: context,
                data: data.mapValues { .number(Decimal($0)) }))
    }
}

/// What the business has changed since the rows were read.
struct ImportTermsChanged: Error {}
