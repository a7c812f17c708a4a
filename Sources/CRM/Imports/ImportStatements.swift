import Foundation
import JobQueue
import Postgres

/// What imports of every kind have in common.
enum ImportStatements {
    /// The server's settings for the rest of the transaction: time for what takes long, and how to find a step's rows. The planner
    /// may take a table for empty that was just filled; looking rows up by an index is right for steps of any size.
    static func prepare(_ limits: ImportLimits) -> Statement<Void> {
        Statement(
            effect: "import.prepare",
            """
            SELECT set_config('statement_timeout', \(milliseconds(limits.timeout)), true),
                set_config('lock_timeout', \(milliseconds(limits.patience)), true),
                set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
                set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
            """)
    }

    private static func milliseconds(_ duration: Duration) -> String {
        String(Int(max(1, duration / .milliseconds(1)).rounded(.up)))
    }

    /// The id of what a step of an import notes of a customer: made of the customer's and one for the step, since chance has no place in a
    /// change of rows.
    static func id(of customer: SQL) -> SQL { "md5(\(UUID.v7())::uuid::text || \(customer)::text)::uuid" }

    /// Waits until no other import of the tenant writes, for the import's patience.
    static func lock(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: lockName, "SELECT pg_advisory_xact_lock(hashtextextended(\("import:\(tenant)"), 0))")
    }

    static let lockName: StaticString = "import.lock"

    // MARK: Imports

    private static let columns: SQL = """
        i.id, i.kind, i.state, i.options, i.titles, i.size, i.chunk_count, i.chunks_read, i.row_count, i.created_count, i.updated_count,
        i.rejected_count, i.failure_code, i.failure_detail, i.actor_kind, i.actor_id, i.started_at, i.ended_at, i.version,
        i.created_at, i.updated_at
        """

    static func find(_ tenant: Tenant.ID, _ kind: FileImport.Kind?, _ id: FileImport.ID) -> Statement<FileImport?> {
        let ofKind: SQL = kind.map { "AND i.kind = \($0)" } ?? ""
        return Statement(
            "import.find",
            "SELECT \(columns) FROM crm.import i WHERE i.tenant_id = \(tenant) AND i.id = \(id) \(ofKind)",
            optional: FileImport.init(row:))
    }

    static func list(
        _ tenant: Tenant.ID, _ kind: FileImport.Kind, _ filter: ImportFilter, _ page: PageRequest<FileImport>
    ) -> Statement<[FileImport]> {
        let states: SQL = filter.states.map { "AND i.state = ANY (\($0.map(\.rawValue)))" } ?? ""
        return Statement(
            "import.list",
            """
            SELECT \(columns) FROM crm.import i WHERE i.tenant_id = \(tenant) AND i.kind = \(kind) \(states)
            \(page.clause(id: "i.id"))
            """, all: FileImport.init(row:))
    }

    /// The import of the same bytes that must not be repeated, if there was one.
    static func earlier(_ tenant: Tenant.ID, _ kind: FileImport.Kind, digest: Bytes) -> Statement<FileImport.ID?> {
        Statement(
            "import.earlier",
            """
            SELECT id FROM crm.import
            WHERE tenant_id = \(tenant) AND kind = \(kind) AND digest = \(digest) AND NOT has_references
            """, optional: { try $0.next() })
    }

    /// - Parameter hasReferences: false where the same bytes must not come again.
    static func insert(
        _ id: FileImport.ID, _ kind: FileImport.Kind, _ options: ImportOptions, titles: [String], digest: Bytes,
        hasReferences: Bool, size: Int, chunks: Int, by context: TenantContext
    ) throws -> Statement<Int> {
        Statement(
            "import.insert",
            """
            INSERT INTO crm.import (tenant_id, id, kind, digest, has_references, state, options, titles, size, chunk_count, actor_kind, actor_id)
            VALUES (\(context.tenantID), \(id), \(kind), \(digest), \(hasReferences), 'waiting', \(try JSONValue(options)), \(titles), \(size),
                \(chunks), \(context.actor.kind), \(context.actor.id))
            """)
    }

    static func insertChunk(_ tenant: Tenant.ID, _ id: FileImport.ID, _ number: Int, _ content: Bytes) -> Statement<Int>
    {
        Statement(
            "import.insert_chunk",
            "INSERT INTO crm.import_chunk (tenant_id, import_id, number, content) VALUES (\(tenant), \(id), \(number), \(content))"
        )
    }

    static func chunk(_ tenant: Tenant.ID, _ id: FileImport.ID, _ number: Int) -> Statement<Bytes?> {
        Statement(
            "import.chunk",
            """
            SELECT content FROM crm.import_chunk
            WHERE tenant_id = \(tenant) AND import_id = \(id) AND number = \(number)
            """, optional: { try $0.next() })
    }

    // MARK: Running

    /// Takes an import that waits, or was left while it ran; nothing when there is nothing to do.
    static func begin(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<RunningImport?> {
        Statement(
            "import.begin",
            """
            UPDATE crm.import SET state = 'running', started_at = coalesce(started_at, now()), version = version + 1,
                updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('waiting', 'running')
            RETURNING kind, options, place, line, is_behind_return, rejected_count, row_count, chunk_count, actor_kind, actor_id
            """, optional: RunningImport.init(row:))
    }

    /// Notes what a step did, and where it came to. 0 when it is not the import's turn any more: it was cancelled, or somebody else
    /// went on with it.
    static func advance(
        _ tenant: Tenant.ID, _ id: FileImport.ID, from old: FilePlace, to new: FilePlace, chunksRead: Int,
        _ counts: ImportCounts, state: FileImport.State, lacksReferences: Bool
    ) -> Statement<Int> {
        Statement(
            "import.advance",
            """
            UPDATE crm.import SET row_count = row_count + \(counts.rows), created_count = created_count + \(counts.created),
                updated_count = updated_count + \(counts.updated), rejected_count = rejected_count + \(counts.rejected),
                place = \(new.offset), line = \(new.line), is_behind_return = \(new.isBehindCarriageReturn),
                chunks_read = \(chunksRead), state = \(state),
                has_references = has_references AND NOT \(lacksReferences),
                ended_at = CASE WHEN \(state)::text = 'done' THEN now() END, version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'running' AND place = \(old.offset)
            """)
    }

    /// Tells how far an import is whose writing shows only at its end. 0 when it was cancelled.
    static func report(_ tenant: Tenant.ID, _ id: FileImport.ID, chunksRead: Int, _ counts: ImportCounts) -> Statement<
        Int
    > {
        Statement(
            "import.report",
            """
            UPDATE crm.import SET row_count = \(counts.rows), created_count = \(counts.created),
                updated_count = \(counts.updated), rejected_count = \(counts.rejected), chunks_read = \(chunksRead),
                version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'running'
            """)
    }

    /// What is left of a count: nothing of a file that is imported whole or not at all.
    private static func kept(_ count: SQL) -> SQL {
        "CASE WHEN options ->> 'mode' = 'all_or_nothing' OR (options ->> 'isDryRun')::boolean THEN 0 ELSE \(count) END"
    }

    /// Ends an import in another way than being done.
    static func end(
        _ tenant: Tenant.ID, _ id: FileImport.ID, _ state: FileImport.State, _ failure: FileImport.Failure?
    ) -> Statement<Int> {
        Statement(
            "import.end",
            """
            UPDATE crm.import SET state = \(state), failure_code = \(failure?.code), failure_detail = \(failure?.detail),
                ended_at = now(), version = version + 1, updated_at = now(), created_count = \(kept("created_count")),
                updated_count = \(kept("updated_count")),
                -- What made nothing may come again.
                has_references = has_references OR \(kept("created_count")) = 0
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('waiting', 'running')
            """)
    }

    /// Has an import wait again whose file is still there. One that wrote nothing begins anew.
    static func resume(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<Int> {
        Statement(
            "import.resume",
            """
            UPDATE crm.import i SET state = 'waiting', failure_code = NULL, failure_detail = NULL, ended_at = NULL,
                version = i.version + 1, updated_at = now()
            WHERE i.tenant_id = \(tenant) AND i.id = \(id) AND i.state IN ('failed', 'cancelled') AND EXISTS (
                SELECT FROM crm.import_chunk k WHERE k.tenant_id = \(tenant) AND k.import_id = \(id))
            """)
    }

    /// Has a job go on with an import that is not over.
    static func wait(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<Int> {
        Statement(
            "import.wait",
            """
            UPDATE crm.import SET version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state IN ('waiting', 'running')
            """)
    }

    static func deleteChunks(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<Int> {
        Statement(
            "import.delete_chunks", "DELETE FROM crm.import_chunk WHERE tenant_id = \(tenant) AND import_id = \(id)")
    }

    // MARK: Rejected rows

    static func insertRejected(_ tenant: Tenant.ID, _ id: FileImport.ID, _ rows: [RejectedRow]) -> Statement<Int> {
        Statement(
            "import.insert_rejected",
            """
            INSERT INTO crm.import_reject (tenant_id, import_id, row_number, errors, content)
            SELECT \(tenant), \(id), r.row_number, r.errors, r.content
            FROM unnest(\(rows.map(\.row)), \(rows.map { JSONText(utf8: JSONWriter.bytes(of: $0.errors)) }),
                \(rows.map(\.content))) AS r (row_number, errors, content)
            ON CONFLICT DO NOTHING
            """)
    }

    static func deleteRejected(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<Int> {
        Statement(
            "import.delete_rejected", "DELETE FROM crm.import_reject WHERE tenant_id = \(tenant) AND import_id = \(id)")
    }

    static func rejected(
        _ tenant: Tenant.ID, _ id: FileImport.ID, _ page: PageRequest<RejectedRow>
    ) -> Statement<[RejectedRow]> {
        Statement(
            "import.rejected",
            """
            SELECT r.row_number, r.errors, r.content FROM crm.import_reject r
            WHERE r.tenant_id = \(tenant) AND r.import_id = \(id)
            \(page.clause(id: "'00000000-0000-0000-0000-000000000000'::uuid"))
            """, all: RejectedRow.init(row:))
    }

    /// Takes away what was kept for going on, after its time; at once where a person was forgotten since the file came, who may stand in it.
    static func forgetChunks(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.forget_chunks",
            """
            DELETE FROM crm.import_chunk k USING crm.import i
            WHERE k.tenant_id = \(tenant) AND i.tenant_id = \(tenant) AND i.id = k.import_id
                AND (i.ended_at < now() - interval '7 days' OR i.ended_at IS NOT NULL AND EXISTS (SELECT FROM crm.event e
                    WHERE e.tenant_id = \(tenant) AND e.action = 'customer.erased' AND e.occurred_at >= i.created_at))
            """)
    }

    /// Fails what nobody goes on with.
    static func failForgotten(_ tenant: Tenant.ID) -> Statement<[FileImport]> {
        Statement(
            "import.fail_forgotten",
            """
            UPDATE crm.import i SET state = 'failed', failure_code = 'given_up', failure_detail = 'Nobody went on with it for a week.',
                ended_at = now(), version = i.version + 1, updated_at = now()
            WHERE i.tenant_id = \(tenant) AND i.state IN ('waiting', 'running') AND i.updated_at < now() - interval '7 days'
            RETURNING \(columns)
            """, all: FileImport.init(row:))
    }

    /// Takes away what was kept of rows that were wrong, after its time.
    static func forgetRejected(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.forget_rejected",
            """
            DELETE FROM crm.import_reject r USING crm.import i
            WHERE r.tenant_id = \(tenant) AND i.tenant_id = \(tenant) AND i.id = r.import_id
                AND i.ended_at < now() - interval '30 days'
            """)
    }
}
