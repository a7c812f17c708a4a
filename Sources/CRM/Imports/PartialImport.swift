import JobQueue
import Postgres

/// An import whose rows are written as they come; what is wrong is left out.
struct PartialImport<Writing: ImportWriting> {
    let runner: ImportRunner
    let writing: Writing
    let begun: RunningImport
    let isSliced: Bool

    /// Another writer can stand in the way of a step, which then begins anew.
    private static var attempts: Int { 5 }

    func run(_ terms: Writing.Record.Terms, _ reader: ImportReader<Writing.Record>) async throws {
        var (reader, place, rows, rejected) = (reader, begun.place, begun.rows, begun.rejected)
        var start: ContinuousClock.Instant?
        while true {
            let batch = try await reader.batch(terms)
            // Not counting the way to where it goes on.
            let since = start ?? .now
            start = since
            rows += batch.rows
            if rows > runner.limits.maximumRows {
                throw ImportFault("too_many_rows", "At most \(runner.limits.maximumRows) rows a file.")
            }
            let isLeaving = isSliced && !batch.isLast && ContinuousClock.now - since >= runner.limits.slice
            rejected += try await attempt(batch, from: place, total: rows, rejected, isLeaving)
            if batch.isLast || isLeaving { return }
            // The tables may be ten times as large as the planner knows.
            if String(rows).count > String(rows - batch.rows).count {
                await runner.analyse(writing.context, Writing.kind)
            }
            place = batch.place
        }
    }

    /// - Returns: how many rows were wrong.
    private func attempt(
        _ batch: ImportBatch<Writing.Record>, from place: FilePlace, total: Int, _ rejected: Int, _ isLeaving: Bool
    ) async throws -> Int {
        for _ in 1..<Self.attempts {
            do {
                return try await write(batch, from: place, total: total, rejected, isLeaving)
            } catch let error as PostgresError where error.isCollision {
                continue
            } catch is ImportOvertaken {
                continue
            }
        }
        return try await write(batch, from: place, total: total, rejected, isLeaving)
    }

    private func write(
        _ batch: ImportBatch<Writing.Record>, from place: FilePlace, total: Int, _ rejected: Int, _ isLeaving: Bool
    ) async throws -> Int {
        let (writing, limits, options) = (writing, runner.limits, begun.options)
        let kind = Writing.kind
        return try await runner.database.withTenant(writing.context, timeout: limits.timeout) { transaction in
            let (tenant, id) = (writing.context.tenantID, writing.id)
            _ = try await transaction.pipeline(all: [ImportStatements.prepare(limits)] + writing.makeTables)
            _ = try await transaction.run(ImportStatements.lock(tenant))
            let rows = batch.rejected + (try await transaction.stage(batch, writing, options))
            var counts = try await transaction.write(writing)
            (counts.rows, counts.rejected) = (batch.rows, rows.count)
            let advance = ImportStatements.advance(
                tenant, id, from: place, to: batch.place, chunksRead: batch.chunksRead, counts,
                state: batch.isLast ? .done : .running,
                lacksReferences: batch.records.contains { $0.record.lacksReference })
            guard try await transaction.run(advance) == 1 else { throw ImportStopped() }
            // Not before it is known that nobody else went on: to who comes late all rows stand twice.
            if rejected + rows.count > limits.maximumRejected {
                throw ImportFault("too_many_rejected", "More than \(limits.maximumRejected) rows are wrong.")
            }
            if !rows.isEmpty { _ = try await transaction.run(ImportStatements.insertRejected(tenant, id, rows)) }
            try await transaction.note(
                writing, counts, rows: total, isLast: batch.isLast, isOnly: total == batch.rows, isLarge: begun.isLarge)
            if batch.isLast {
                try await transaction.finish(kind, id)
            } else if isLeaving {
                _ = try await transaction.run(
                    try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RunImport(importID: id))]))
            }
            return rows.count
        }
    }
}
