import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// Statistics are made once a minute, and may have seen the queue's tables empty right before they fill.
@Suite("Stale statistics")
struct StatisticsTests {
    private struct Undo: Error {}

    private static let jobs = 5_000
    private static let taken = 50
    /// How many of them have a key, and a twin that waits; the others are of a batch.
    private static let keys = 25
    /// Rows read for each one that is taken, with those that are written anew.
    private static let readForEach = 8

    @Test func `What takes a few jobs reads a few rows, even when the tables are thought to be empty`() async throws {
        try await withQueue { queue in
            let worker = UUID.v7()
            try await queue.run(
                "INSERT INTO job.worker (id, name, expires_at) VALUES (\(worker), 'w', now() + interval '1 hour')")
            // Autovacuum would tell the truth in the midst of it.
            for table in ["job", "dead", "batch"] {
                try await queue.database.execute("ALTER TABLE job.\(table) SET (autovacuum_enabled = false)")
            }
            try await forget(queue)
            try await fill(queue, runBy: worker)

            let runs = try await runs(queue, under: worker)
            let outcomes = runs.map { Outcome(key: $0, verdict: .completed) }
            try await expectFewReads(queue, "a claim", queue.claim(Self.taken))
            try await expectFewReads(queue, "a claim with limits", queue.claim(Self.taken, isLimited: true))
            try await expectFewReads(queue, "completion by keys", OutcomeStatements.complete(outcomes))
            let back = Outcome.Return(runAt: nil, isUncharged: true)
            try await expectFewReads(queue, "giving back", OutcomeStatements.giveBack(runs.map { ($0, back) }))
            let death = Outcome.Death(reason: .attempts)
            try await expectFewReads(queue, "burial", OutcomeStatements.bury(runs.map { ($0, death) }))
            try await expectFewReads(queue, "requests to stop", WorkerStatements.stopRequests(among: runs))
            let jobs = runs.map { JobReference(tenantID: $0.tenantID, id: $0.id) }
            try await expectFewReads(queue, "cancellation", OperateStatements.cancel(jobs))
            let dead = try await references(queue, "SELECT tenant_id, id FROM job.dead LIMIT \(Self.taken)")
            try await expectFewReads(queue, "retry", OperateStatements.retry(dead))
        }
    }

    @Test func `Jobs that are due become ready without a walk through all of them`() async throws {
        try await withQueue { queue in
            try await queue.database.execute("ALTER TABLE job.job SET (autovacuum_enabled = false)")
            try await forget(queue)
            try await queue.fill(Self.jobs)
            try await queue.run(
                "UPDATE job.job SET state = 'scheduled' WHERE id IN (SELECT id FROM job.job LIMIT \(Self.taken))")
            try await expectFewReads(queue, "promotion", ClaimStatements.promote([queue.tenant]))
        }
    }

    /// What PostgreSQL notes of tables whose rows all went while it read them.
    private func forget(_ queue: QueueFixture) async throws {
        try await queue.database.execute("VACUUM ANALYZE job.job, job.dead, job.batch")
        try await queue.database.execute(
            """
            UPDATE pg_class c SET relpages = 100, reltuples = 0 FROM pg_namespace n
            WHERE n.oid = c.relnamespace AND n.nspname = 'job' AND c.relname ~ '^(job|dead|batch)(_|$)'
            """)
    }

    /// Jobs that wait, jobs that run, and dead ones.
    private func fill(_ queue: QueueFixture, runBy worker: UUID) async throws {
        try await queue.database.execute(
            """
            INSERT INTO job.batch (tenant_id, id, name, total)
            SELECT '\(queue.tenant)', gen_random_uuid(), 'b' || i, 10000 FROM generate_series(1, \(Self.jobs)) AS i;
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters, unique_key, batch_id)
            SELECT '\(queue.tenant)', gen_random_uuid(), 'default', '\(Note.kind)', 'ready', '{"number": 1}',
                CASE WHEN i <= \(Self.keys) THEN 'k' || i END, NULL FROM generate_series(1, \(Self.jobs)) AS i;
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters, unique_key, batch_id, worker_id, lease,
                attempt, started_at)
            SELECT '\(queue.tenant)', gen_random_uuid(), 'default', '\(Note.kind)', 'running', '{"number": 1}',
                CASE WHEN i <= \(Self.keys) THEN 'k' || i END, CASE WHEN i > \(Self.keys) THEN b.id END, '\(worker)', 1, 1,
                now()
            FROM (SELECT id, substr(name, 2)::integer AS i FROM job.batch) b;
            INSERT INTO job.dead (tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues, lease,
                parameters, errors, created_at, run_at)
            SELECT '\(queue.tenant)', gen_random_uuid(), 'default', '\(Note.kind)', 1, 0, 'attempts', 1, 1, 0, 1, '{}', '[]',
                now(), now() FROM generate_series(1, \(Self.jobs));
            """)
    }

    private func runs(_ queue: QueueFixture, under worker: UUID) async throws -> [RunKey] {
        try await references(
            queue,
            """
            SELECT tenant_id, id FROM job.job WHERE worker_id = \(worker)
            ORDER BY length(unique_key), unique_key LIMIT \(Self.taken)
            """
        )
        .map { RunKey(tenantID: $0.tenantID, id: $0.id, lease: 1) }
    }

    private func references(_ queue: QueueFixture, _ sql: SQL) async throws -> [JobReference] {
        try await queue.owner.pipeline(
            Statement("test.references", sql, all: { JobReference(tenantID: try $0.next(), id: try $0.next()) }))
    }

    /// Runs the statement as the queue's role, and undoes it.
    private func expectFewReads<Output>(
        _ queue: QueueFixture, _ name: String, _ statement: Statement<Output>,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let reads = Statement<Int>(
            "test.reads",
            """
            SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
            WHERE schemaname = 'job' AND relname IN ('job', 'dead', 'batch')
            """, one: { try $0.next() })
        var (before, after) = (0, 0)
        do {
            try await queue.queue.withTransaction { transaction in
                before = try await transaction.run(reads)
                _ = try await transaction.run(statement)
                after = try await transaction.run(reads)
                throw Undo()
            }
        } catch is Undo {}
        let count = after - before
        #expect(count >= Self.taken, "\(name) did nothing", sourceLocation: location)
        #expect(count <= Self.taken * Self.readForEach, "\(name) reads too much", sourceLocation: location)
    }
}
