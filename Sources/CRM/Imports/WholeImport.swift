import Postgres

/// An import whose rows are all written, or none; or whose rows are only tried.
struct WholeImport<Writing: ImportWriting> {
    let runner: ImportRunner
    let writing: Writing
    let begun: RunningImport

    /// Has the transaction roll back.
    private struct RolledBack: Error {
        let found: Found
    }

    /// What was found in the file.
    private struct Found {
        var counts = ImportCounts()
        var rejected: [RejectedRow] = []
        var bytes = 0
        var lacksReferences = false
        var chunksRead = 0
        var place = FilePlace.start

        /// Keeps as many of the rows as are kept.
        mutating func add(_ rows: [RejectedRow], _ limits: ImportLimits) {
            counts.rejected += rows.count
            for row in rows where rejected.count < limits.maximumRejectedOfWhole && bytes < limits.batchBytes {
                rejected.append(row)
                bytes += row.content.utf8.count
            }
        }

        func isFull(_ limits: ImportLimits) -> Bool { counts.rejected >= limits.maximumRejectedOfWhole }
    }

    private var isDryRun: Bool { begun.options.isDryRun }

    func run(_ terms: Writing.Record.Terms, _ open: @Sendable () async throws -> ImportReader<Writing.Record>)
        async throws
    {
        let (tenant, id) = (writing.context.tenantID, writing.id)
        _ = try await runner.database.pipeline(
            writing.context, ImportStatements.deleteRejected(tenant, id),
            ImportStatements.report(tenant, id, chunksRead: 0, ImportCounts()))
        do {
            try await write(terms, open)
        } catch let rolledBack as RolledBack {
            try await end(rolledBack.found)
        }
    }

    private func write(
        _ terms: Writing.Record.Terms, _ open: @Sendable () async throws -> ImportReader<Writing.Record>
    ) async throws {
        let (writing, limits, begun, isDryRun) = (writing, runner.limits, begun, isDryRun)
        let (tenant, id, database) = (writing.context.tenantID, writing.id, runner.database)
        // One attempt is long enough.
        try await database.withTenant(writing.context, timeout: limits.timeout, retries: 0) { transaction in
            // Whenever the transaction begins anew, the file does.
            var (reader, found, isLast) = (try await open(), Found(), false)
            var links: [ObjectLink] = []
            _ = try await transaction.pipeline(all: [ImportStatements.prepare(limits)] + writing.makeTables)
            _ = try await transaction.run(ImportStatements.lock(tenant))
            while !isLast, isDryRun || !found.isFull(limits) {
                let batch = try await reader.batch(terms)
                isLast = batch.isLast
                found.add(batch.rejected, limits)
                found.add(try await transaction.stage(batch, writing, begun.options, holding: false), limits)
                links = ObjectLink.joined(links + writing.links(of: batch))
                found.counts.rows += batch.rows
                if found.counts.rows > limits.maximumRows {
                    throw ImportFault("too_many_rows", "At most \(limits.maximumRows) rows a file.")
                }
                if isDryRun || found.counts.rejected == 0 {
                    let counts = try await transaction.write(writing)
                    found.counts += counts
                    if !isDryRun {
                        try await transaction.note(
                            writing, counts, rows: found.counts.rows, isLast: isLast,
                            isOnly: found.counts.rows == batch.rows, isLarge: begun.isLarge)
                    }
                }
                found.lacksReferences = found.lacksReferences || batch.records.contains { $0.record.lacksReference }
                (found.place, found.chunksRead) = (batch.place, batch.chunksRead)
                if !isLast { _ = try await transaction.pipeline(all: writing.emptyTables) }
                // By another transaction, so that it is seen before this one ends.
                let report = ImportStatements.report(tenant, id, chunksRead: found.chunksRead, found.counts)
                guard try await database.run(writing.context, report) == 1 else { throw ImportStopped() }
            }
            if isDryRun || found.counts.rejected > 0 { throw RolledBack(found: found) }
            // Only now, so that nobody waits long for whom the rows name.
            try await transaction.hold(links)
            guard try await transaction.run(advance(found, isMade: true)) == 1 else { throw ImportStopped() }
            try await transaction.finish(Writing.kind, id)
        }
    }

    /// The counts were reported before.
    private func advance(_ found: Found, isMade: Bool) -> Statement<Int> {
        ImportStatements.advance(
            writing.context.tenantID, writing.id, from: begun.place, to: found.place, chunksRead: found.chunksRead,
            ImportCounts(), state: .done, lacksReferences: isMade && found.lacksReferences)
    }

    private func end(_ found: Found) async throws {
        let (tenant, id, isDryRun) = (writing.context.tenantID, writing.id, isDryRun)
        try await runner.database.withTenant(writing.context) { transaction in
            if isDryRun {
                guard try await transaction.run(advance(found, isMade: false)) == 1 else { throw ImportStopped() }
                _ = try await transaction.run(ImportStatements.deleteChunks(tenant, id))
            } else {
                let failure = FileImport.Failure(
                    code: "rows_rejected",
                    detail:
                        "\(found.counts.rejected)\(found.isFull(runner.limits) ? " or more" : "") rows are wrong, so nothing was imported."
                )
                var counts = found.counts
                (counts.created, counts.updated) = (0, 0)
                let report = ImportStatements.report(tenant, id, chunksRead: found.chunksRead, counts)
                guard try await transaction.run(report) == 1 else { throw ImportStopped() }
                _ = try await transaction.run(ImportStatements.end(tenant, id, .failed, failure))
            }
            if !found.rejected.isEmpty {
                _ = try await transaction.run(ImportStatements.insertRejected(tenant, id, found.rejected))
            }
        }
    }
}
