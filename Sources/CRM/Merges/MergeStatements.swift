import Foundation
import Postgres

enum MergeStatements {
    private static let rows: SQL = """
        SELECT m.id, m.survivor_id, m.merged_id, m.run_id, r.kinds, r.counts, m.actor_kind, m.actor_id, m.undone_at, m.version,
            m.created_at, m.updated_at
        FROM crm.merge m
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(q.kind), '{}') AS kinds, coalesce(array_agg(q.count), '{}') AS counts
            FROM (SELECT w.kind, count(*) AS count FROM crm.merge_row w
                WHERE w.tenant_id = m.tenant_id AND w.merge_id = m.id AND w.kind <> 'joined_segment' GROUP BY w.kind ORDER BY w.kind) AS q
        ) AS r
        """

    static func find(_ tenant: Tenant.ID, _ id: Merge.ID) -> Statement<Merge?> {
        Statement(
            "merge.find", "\(rows) WHERE m.tenant_id = \(tenant) AND m.id = \(id)", optional: Merge.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ filter: MergeFilter, _ page: PageRequest<Merge>) -> Statement<[Merge]> {
        var condition: SQL = filter.customer.map { "AND (m.survivor_id = \($0) OR m.merged_id = \($0))" } ?? ""
        if let isUndone = filter.isUndone {
            let state: SQL = isUndone ? "AND m.undone_at IS NOT NULL" : "AND m.undone_at IS NULL"
            condition = "\(condition) \(state)"
        }
        if let run = filter.run { condition = "\(condition) AND m.run_id = \(run)" }
        return Statement(
            "merge.list",
            "\(rows) WHERE m.tenant_id = \(tenant) \(condition) \(page.clause(id: "m.id"))", all: Merge.init(row:))
    }

    /// Those of the ids that are there, whom nobody changes or links to until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ ids: [Customer.ID]) -> Statement<[Customer.ID]> {
        Statement(
            "merge.lock_customers",
            """
            SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = ANY (\(ids)) AND c.deleted_at IS NULL
            ORDER BY c.id FOR UPDATE
            """, all: { try $0.next() })
    }

    /// Takes a customer out of the world, into another one.
    static func absorb(_ tenant: Tenant.ID, _ merged: Customer.ID, into survivor: Customer.ID) -> Statement<Int> {
        Statement(
            "merge.absorb",
            """
            UPDATE crm.customer SET merged_into_id = \(survivor), deleted_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(merged)
            """)
    }

    static func insert(
        _ id: Merge.ID, _ survivor: Customer.ID, _ merged: Customer.ID, from before: MergedValues,
        to after: MergedValues, run: DuplicateRun.ID?, by context: TenantContext
    ) throws -> Statement<Int> {
        Statement(
            "merge.insert",
            """
            INSERT INTO crm.merge (tenant_id, id, survivor_id, merged_id, before_values, after_values, run_id, actor_kind, actor_id)
            VALUES (\(context.tenantID), \(id), \(survivor), \(merged), \(try JSONValue(before)), \(try JSONValue(after)), \(run),
                \(context.actor.kind), \(context.actor.id))
            """)
    }

    static func giveToSurvivor(_ id: Merge.ID, _ survivor: Customer.ID, _ merged: Customer.ID) -> Statement<Void> {
        Statement(effect: "merge.give", "SELECT crm.give_to_survivor(\(id), \(survivor), \(merged))")
    }

    // MARK: Undoing

    /// The newest merge of a run, or the newest before another one of it.
    static func newest(_ tenant: Tenant.ID, of run: DuplicateRun.ID, before last: Merge.ID?) -> Statement<Merge.ID?> {
        let rest: SQL =
            last.map {
                """
                AND (m.created_at, m.id) < (SELECT l.created_at, l.id FROM crm.merge l WHERE l.tenant_id = \(tenant) AND l.id = \($0))
                """
            } ?? ""
        return Statement(
            "merge.newest",
            """
            SELECT m.id FROM crm.merge m WHERE m.tenant_id = \(tenant) AND m.run_id = \(run) \(rest)
            ORDER BY m.created_at DESC, m.id DESC LIMIT 1
            """, optional: { try $0.next() })
    }

    struct Undoing: Sendable {
        let survivor: Customer.ID
        let merged: Customer.ID
        let isUndone: Bool
        let isTooLate: Bool
        let before: MergedValues?
        let after: MergedValues?
    }

    /// Both customers of a merge, whichever state they are in.
    static func lockBoth(
        _ tenant: Tenant.ID, _ survivor: Customer.ID, _ merged: Customer.ID
    ) -> Statement<[Customer.ID]> {
        Statement(
            "merge.lock_both",
            "SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = ANY (\([survivor, merged])) ORDER BY c.id FOR UPDATE",
            all: { try $0.next() })
    }

    /// A merge that nobody else undoes meanwhile.
    static func lock(_ tenant: Tenant.ID, _ id: Merge.ID) -> Statement<Undoing?> {
        Statement(
            "merge.lock",
            """
            SELECT m.survivor_id, m.merged_id, m.undone_at IS NOT NULL, m.created_at < now() - make_interval(secs => \(Merge.undoPeriod)),
                m.before_values, m.after_values
            FROM crm.merge m WHERE m.tenant_id = \(tenant) AND m.id = \(id) FOR UPDATE
            """,
            optional: { row in
                Undoing(
                    survivor: try row.next(), merged: try row.next(), isUndone: try row.next(),
                    isTooLate: try row.next(),
                    before: try row.nextIfPresent(JSONValue<MergedValues>.self).map(\.value),
                    after: try row.nextIfPresent(JSONValue<MergedValues>.self).map(\.value))
            })
    }

    /// The others who were merged into the survivor, as they were.
    static func others(_ tenant: Tenant.ID, _ survivor: Customer.ID, besides id: Merge.ID) -> Statement<[Customer]> {
        Statement(
            "merge.others",
            """
            SELECT \(CustomerStatements.columns) FROM crm.customer c \(CustomerStatements.contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.merged_into_id = \(survivor) AND c.erased_at IS NULL
                AND c.id <> (SELECT m.merged_id FROM crm.merge m WHERE m.tenant_id = \(tenant) AND m.id = \(id))
            """, all: Customer.init(row:))
    }

    /// Whether the survivor has bought something that no undoing of this merge takes away.
    static func hasOrders(_ tenant: Tenant.ID, _ survivor: Customer.ID, besides id: Merge.ID) -> Statement<Bool> {
        Statement(
            "merge.has_orders",
            """
            SELECT EXISTS (SELECT FROM crm.customer_order o
                WHERE o.tenant_id = \(tenant) AND o.customer_id = \(survivor) AND o.deleted_at IS NULL
                    AND NOT EXISTS (SELECT FROM crm.merge_row r
                        WHERE r.tenant_id = \(tenant) AND r.merge_id = \(id) AND r.kind = 'order' AND r.row_id = o.id))
            """, one: { try $0.next() })
    }

    /// The customer who was merged into the survivor, and stays as it is until the transaction ends.
    static func lockMerged(
        _ tenant: Tenant.ID, _ merged: Customer.ID, into survivor: Customer.ID
    ) -> Statement<Customer?> {
        Statement(
            "merge.lock_merged",
            """
            SELECT \(CustomerStatements.columns) FROM crm.customer c \(CustomerStatements.contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = \(merged) AND c.merged_into_id = \(survivor) AND c.erased_at IS NULL
            FOR UPDATE OF c
            """, optional: Customer.init(row:))
    }

    static func release(_ tenant: Tenant.ID, _ merged: Customer.ID) -> Statement<Int> {
        Statement(
            "merge.release",
            """
            UPDATE crm.customer SET merged_into_id = NULL, deleted_at = NULL, version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(merged)
            """)
    }

    static func giveBack(_ id: Merge.ID, _ survivor: Customer.ID, _ merged: Customer.ID) -> Statement<Void> {
        Statement(effect: "merge.give_back", "SELECT crm.give_back(\(id), \(survivor), \(merged))")
    }

    static func markUndone(_ tenant: Tenant.ID, _ id: Merge.ID) -> Statement<Int> {
        Statement(
            "merge.mark_undone",
            """
            UPDATE crm.merge SET undone_at = now(), before_values = NULL, after_values = NULL, version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }
}

extension Merge {
    init(row: inout RowReader) throws {
        let (id, survivor, merged): (ID, Customer.ID, Customer.ID) = (try row.next(), try row.next(), try row.next())
        let run: DuplicateRun.ID? = try row.nextIfPresent()
        let (kinds, counts): ([String], [Int]) = (try row.next(), try row.next())
        self.init(
            id: id, survivorID: survivor, mergedID: merged, runID: run,
            moved: Dictionary(zip(kinds, counts), uniquingKeysWith: { first, _ in first }), actorKind: try row.next(),
            actorID: try row.nextIfPresent(), undoneAt: try row.nextIfPresent(), version: try row.next(),
            createdAt: try row.next(), updatedAt: try row.next())
    }
}
