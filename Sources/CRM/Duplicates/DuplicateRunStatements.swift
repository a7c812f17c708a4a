import Foundation
import Postgres

enum DuplicateRunStatements {
    private static let rows: SQL = """
        SELECT r.id, r.kind, r.duplicate_ids, r.minimum_score, r.undone_run_id, r.total, r.looked_at, r.found, r.merged, r.undone,
            r.skipped, r.error, r.actor_kind, r.actor_id, r.started_at, r.finished_at, r.version, r.created_at, r.updated_at
        FROM crm.duplicate_run r
        """

    static func find(_ tenant: Tenant.ID, _ id: DuplicateRun.ID) -> Statement<DuplicateRun?> {
        Statement(
            "duplicate_run.find", "\(rows) WHERE r.tenant_id = \(tenant) AND r.id = \(id)",
            optional: DuplicateRun.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<DuplicateRun>) -> Statement<[DuplicateRun]> {
        Statement(
            "duplicate_run.list", "\(rows) WHERE r.tenant_id = \(tenant) \(page.clause(id: "r.id"))",
            all: DuplicateRun.init(row:))
    }

    /// The scan that has not ended, or the newest.
    static func scan(_ tenant: Tenant.ID) -> Statement<DuplicateRun?> {
        Statement(
            "duplicate_run.scan",
            """
            \(rows) WHERE r.tenant_id = \(tenant) AND r.kind = 'scan'
            ORDER BY r.finished_at IS NULL DESC, r.created_at DESC, r.id DESC LIMIT 1
            """, optional: DuplicateRun.init(row:))
    }

    /// A new scan, unless one has not ended; its id either way.
    ///
    /// - Parameter isAnew: whether one that has not ended begins anew, since it may have passed what has changed.
    static func beginScan(_ id: DuplicateRun.ID, isAnew: Bool, by context: TenantContext) -> Statement<DuplicateRun.ID>
    {
        let tenant = context.tenantID
        let change: SQL = isAnew ? "last_id = NULL, looked_at = 0, found = 0" : "last_id = r.last_id"
        return Statement(
            "duplicate_run.begin_scan",
            """
            INSERT INTO crm.duplicate_run AS r (tenant_id, id, kind, total, actor_kind, actor_id)
            SELECT \(tenant), \(id), 'scan', count(*), \(context.actor.kind), \(context.actor.id) FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL
            ON CONFLICT (tenant_id) WHERE kind = 'scan' AND finished_at IS NULL DO UPDATE SET \(change)
            RETURNING r.id
            """, one: { try $0.next() })
    }

    static func insert(
        _ id: DuplicateRun.ID, ids: [Duplicate.ID]?, minimumScore: Int?, total: Int, by context: TenantContext
    ) -> Statement<Int> {
        Statement(
            "duplicate_run.insert",
            """
            INSERT INTO crm.duplicate_run (tenant_id, id, kind, duplicate_ids, minimum_score, total, actor_kind, actor_id)
            VALUES (\(context.tenantID), \(id), 'bulk_merge', \(ids), \(minimumScore), \(total), \(context.actor.kind), \(context.actor.id))
            """)
    }

    /// An undoing of all merges of a run, unless one has not ended; how many were made. Merges that do not know the run any more, or do
    /// not know it since an older program made them, count as skipped.
    static func beginUndo(_ id: DuplicateRun.ID, of run: DuplicateRun, by context: TenantContext) -> Statement<Int> {
        let tenant = context.tenantID
        let missing: SQL = "greatest(\(run.merged)::integer - count(*), 0)"
        return Statement(
            "duplicate_run.begin_undo",
            """
            INSERT INTO crm.duplicate_run (tenant_id, id, kind, undone_run_id, total, looked_at, skipped, actor_kind, actor_id)
            SELECT \(tenant), \(id), 'undo', \(run.id), count(*) + \(missing), \(missing), \(missing), \(context.actor.kind),
                \(context.actor.id)
            FROM crm.merge m WHERE m.tenant_id = \(tenant) AND m.run_id = \(run.id)
            ON CONFLICT (tenant_id, undone_run_id) WHERE kind = 'undo' AND finished_at IS NULL DO NOTHING
            """)
    }

    /// Where a run goes on.
    struct Place: Sendable {
        let type: DuplicateRun.Kind
        let ids: [Duplicate.ID]?
        let minimumScore: Int?
        let undoneRunID: DuplicateRun.ID?
        let total: Int
        let lookedAt: Int
        let lastID: UUID?
        let lastScore: Int?
    }

    /// A run that has not ended, which nobody else goes on with until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ id: DuplicateRun.ID) -> Statement<Place?> {
        Statement(
            "duplicate_run.lock",
            """
            SELECT r.kind, r.duplicate_ids, r.minimum_score, r.undone_run_id, r.total, r.looked_at, r.last_id, r.last_score
            FROM crm.duplicate_run r
            WHERE r.tenant_id = \(tenant) AND r.id = \(id) AND r.finished_at IS NULL FOR UPDATE
            """,
            optional: { row in
                Place(
                    type: try row.next(), ids: try row.nextIfPresent(), minimumScore: try row.nextIfPresent(),
                    undoneRunID: try row.nextIfPresent(), total: try row.next(),
                    lookedAt: try row.next(), lastID: try row.nextIfPresent(), lastScore: try row.nextIfPresent())
            })
    }

    /// What a step of a run has done.
    struct Step: Sendable {
        var lookedAt = 0
        var found = 0
        var merged = 0
        var undone = 0
        var skipped = 0
        var lastID: UUID?
        var lastScore: Int?
        var isLast = false
    }

    static func advance(_ tenant: Tenant.ID, _ id: DuplicateRun.ID, by step: Step) -> Statement<Int> {
        let end: SQL = step.isLast ? "now()" : "NULL"
        return Statement(
            "duplicate_run.advance",
            """
            UPDATE crm.duplicate_run SET looked_at = looked_at + \(step.lookedAt), found = found + \(step.found),
                merged = merged + \(step.merged), undone = undone + \(step.undone), skipped = skipped + \(step.skipped),
                last_id = coalesce(\(step.lastID), last_id), last_score = coalesce(\(step.lastScore), last_score), error = NULL, started_at = coalesce(started_at, now()),
                finished_at = \(end), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    static func fail(_ tenant: Tenant.ID, _ id: DuplicateRun.ID, _ error: String) -> Statement<Int> {
        Statement(
            "duplicate_run.fail",
            """
            UPDATE crm.duplicate_run SET error = \(error), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND finished_at IS NULL
            """)
    }
}

extension DuplicateRun {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), type: try row.next(), duplicateIDs: try row.nextIfPresent(),
            minimumScore: try row.nextIfPresent(), undoneRunID: try row.nextIfPresent(), total: try row.next(),
            lookedAt: try row.next(), found: try row.next(), merged: try row.next(), undone: try row.next(),
            skipped: try row.next(), error: try row.nextIfPresent(),
            actorKind: try row.next(), actorID: try row.nextIfPresent(), startedAt: try row.nextIfPresent(),
            finishedAt: try row.nextIfPresent(), version: try row.next(), createdAt: try row.next(),
            updatedAt: try row.next())
    }
}
