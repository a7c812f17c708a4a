import Foundation
import Postgres

enum DuplicateStatements {
    private static let rows: SQL = """
        SELECT d.id, d.first_id, a.name, d.second_id, b.name, d.score, d.reasons, d.doubts, d.state, d.merge_id, d.decided_at,
            d.actor_kind, d.actor_id, d.version, d.created_at, d.updated_at
        FROM crm.duplicate d
        JOIN crm.customer a ON a.tenant_id = d.tenant_id AND a.id = d.first_id
        JOIN crm.customer b ON b.tenant_id = d.tenant_id AND b.id = d.second_id
        """

    /// Of who is gone nothing is shown but what was merged.
    private static let isShown: SQL = "(d.state = 'merged' OR (a.deleted_at IS NULL AND b.deleted_at IS NULL))"

    static func find(_ tenant: Tenant.ID, _ id: Duplicate.ID) -> Statement<Duplicate?> {
        Statement(
            "duplicate.find", "\(rows) WHERE d.tenant_id = \(tenant) AND d.id = \(id) AND \(isShown)",
            optional: Duplicate.init(row:))
    }

    static func list(
        _ tenant: Tenant.ID, _ filter: DuplicateFilter, _ page: PageRequest<Duplicate>
    ) -> Statement<[Duplicate]> {
        var condition: SQL = "d.state = \(filter.state)"
        if let score = filter.minimumScore { condition = "\(condition) AND d.score >= \(score)" }
        if let id = filter.customer { condition = "\(condition) AND (d.first_id = \(id) OR d.second_id = \(id))" }
        return Statement(
            "duplicate.list",
            "\(rows) WHERE d.tenant_id = \(tenant) AND \(condition) AND \(isShown) \(page.clause(id: "d.id"))",
            all: Duplicate.init(row:))
    }

    /// Those of the ids that are there.
    static func present(_ tenant: Tenant.ID, _ ids: [Duplicate.ID]) -> Statement<[Duplicate.ID]> {
        Statement(
            "duplicate.present",
            "SELECT d.id FROM crm.duplicate d WHERE d.tenant_id = \(tenant) AND d.id = ANY (\(ids))",
            all: { try $0.next() })
    }

    /// A pair with what it takes to decide who survives.
    struct Pair: Sendable {
        let first: Customer.ID
        let second: Customer.ID
        /// Whether one is a person and the other an organisation.
        let isMixed: Bool
        /// The one with more orders, or the older one.
        let usualSurvivor: Customer.ID
    }

    static func pair(_ tenant: Tenant.ID, _ id: Duplicate.ID) -> Statement<Pair?> {
        Statement(
            "duplicate.pair",
            """
            SELECT d.first_id, d.second_id, a.kind <> b.kind,
                CASE WHEN (n.count, b.created_at, b.id) < (m.count, a.created_at, a.id) THEN d.second_id ELSE d.first_id END
            FROM crm.duplicate d
            JOIN crm.customer a ON a.tenant_id = d.tenant_id AND a.id = d.first_id
            JOIN crm.customer b ON b.tenant_id = d.tenant_id AND b.id = d.second_id
            CROSS JOIN LATERAL (SELECT -count(*) AS count FROM crm.customer_order o
                WHERE o.tenant_id = d.tenant_id AND o.customer_id = a.id AND o.deleted_at IS NULL) AS m
            CROSS JOIN LATERAL (SELECT -count(*) AS count FROM crm.customer_order o
                WHERE o.tenant_id = d.tenant_id AND o.customer_id = b.id AND o.deleted_at IS NULL) AS n
            WHERE d.tenant_id = \(tenant) AND d.id = \(id)
            """,
            optional: { row in
                Pair(
                    first: try row.next(), second: try row.next(), isMixed: try row.next(),
                    usualSurvivor: try row.next())
            })
    }

    /// The state of a pair that nobody else decides meanwhile.
    static func lock(_ tenant: Tenant.ID, _ id: Duplicate.ID) -> Statement<Duplicate.State?> {
        Statement(
            "duplicate.lock",
            "SELECT d.state FROM crm.duplicate d WHERE d.tenant_id = \(tenant) AND d.id = \(id) FOR UPDATE",
            optional: { try $0.next() })
    }

    static func decide(_ id: Duplicate.ID, _ state: Duplicate.State, by context: TenantContext) -> Statement<Int> {
        let moment: SQL = state == .open ? "NULL" : "now()"
        return Statement(
            "duplicate.decide",
            """
            UPDATE crm.duplicate SET state = \(state), merge_id = NULL, decided_at = \(moment), actor_kind = \(context.actor.kind),
                actor_id = \(context.actor.id), version = version + 1, updated_at = now()
            WHERE tenant_id = \(context.tenantID) AND id = \(id)
            """)
    }

    /// Closes the pairs of customers who were made one with another one in this transaction.
    static func close(
        _ merged: [Customer.ID], into survivor: Customer.ID, by context: TenantContext
    ) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            "duplicate.close",
            """
            WITH pair AS (
                -- In one order, as whoever finds them.
                SELECT d.id, m.id AS merge_id FROM crm.merge m
                JOIN crm.duplicate d ON d.tenant_id = \(tenant) AND d.first_id = least(m.survivor_id, m.merged_id)
                    AND d.second_id = greatest(m.survivor_id, m.merged_id)
                WHERE m.tenant_id = \(tenant) AND m.merged_id = ANY (\(merged)) AND m.survivor_id = \(survivor)
                    AND m.undone_at IS NULL
                ORDER BY d.first_id, d.second_id FOR UPDATE OF d
            )
            UPDATE crm.duplicate d SET state = 'merged', merge_id = p.merge_id, decided_at = now(), actor_kind = \(context.actor.kind),
                actor_id = \(context.actor.id), version = d.version + 1, updated_at = now()
            FROM pair p WHERE d.tenant_id = \(tenant) AND d.id = p.id
            """)
    }

    /// Tells two customers apart whose merge is undone in this transaction: nobody is to merge them again unasked. Where a run of many
    /// merges is undone, also the merged one from all who came back of it before and were one with these two, however that came about; of
    /// these at most two hundred.
    static func tellApart(
        _ survivor: Customer.ID, _ merged: Customer.ID, of run: DuplicateRun.ID?, by context: TenantContext
    ) -> Statement<Int> {
        let tenant = context.tenantID
        let isOfRun: SQL = "m.tenant_id = \(tenant) AND m.run_id = \(run) AND m.undone_at IS NOT NULL"
        return Statement(
            "duplicate.tell_apart",
            """
            INSERT INTO crm.duplicate (tenant_id, id, first_id, second_id, score, reasons, state, decided_at, actor_kind, actor_id)
            WITH RECURSIVE one (id) AS (
                SELECT \(survivor)::uuid
                UNION
                SELECT n.id FROM one o CROSS JOIN LATERAL (
                    SELECT m.merged_id FROM crm.merge m WHERE \(isOfRun) AND m.survivor_id = o.id
                    UNION ALL
                    SELECT m.survivor_id FROM crm.merge m WHERE \(isOfRun) AND m.merged_id = o.id
                ) AS n (id) WHERE n.id <> \(merged)
            )
            SELECT \(tenant), \(ImportStatements.id(of: "o.id")), least(o.id, \(merged)), greatest(o.id, \(merged)), 0, '{}',
                'dismissed', now(), \(context.actor.kind), \(context.actor.id)
            FROM (SELECT id FROM one LIMIT 201) AS o
            -- In one order, as whoever finds them.
            ORDER BY 3, 4
            ON CONFLICT (tenant_id, first_id, second_id) DO UPDATE SET state = 'dismissed', merge_id = NULL,
                decided_at = excluded.decided_at, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
                version = duplicate.version + 1, updated_at = excluded.updated_at
            """)
    }

    /// The open pairs from a score on, behind a place, the likeliest first.
    static func likely(
        _ tenant: Tenant.ID, _ minimum: Int, after place: (score: Int, id: Duplicate.ID)?, limit: Int
    ) -> Statement<[(id: Duplicate.ID, score: Int)]> {
        let rest: SQL = place.map { "AND (d.score, d.id) < (\($0.score), \($0.id))" } ?? ""
        return Statement(
            "duplicate.likely",
            """
            SELECT d.id, d.score FROM crm.duplicate d
            WHERE d.tenant_id = \(tenant) AND d.state = 'open' AND d.score >= \(minimum) \(rest)
            ORDER BY d.score DESC, d.id DESC LIMIT \(limit)
            """, all: { row in (try row.next(), try row.next()) })
    }

    static func count(_ tenant: Tenant.ID, _ minimum: Int) -> Statement<Int> {
        Statement(
            "duplicate.count",
            "SELECT count(*) FROM crm.duplicate d WHERE d.tenant_id = \(tenant) AND d.state = 'open' AND d.score >= \(minimum)",
            one: { try $0.next() })
    }

    /// Brings the open pairs of customers up to date; how many there are.
    ///
    /// - Parameter isWhole: whether all customers are looked at one after the other, so that each pair is found once.
    static func find(among customers: [Customer.ID], isWhole: Bool) -> Statement<Int> {
        Statement(
            "duplicate.find_pairs", "SELECT crm.find_duplicates(\(customers), \(isWhole))", one: { try $0.next() })
    }

    /// Customers in open pairs who are gone.
    static func gone(_ tenant: Tenant.ID) -> Statement<[Customer.ID]> {
        Statement(
            "duplicate.gone",
            """
            SELECT DISTINCT c.id FROM crm.duplicate d
            JOIN crm.customer c ON c.tenant_id = d.tenant_id AND c.id IN (d.first_id, d.second_id) AND c.deleted_at IS NOT NULL
            WHERE d.tenant_id = \(tenant) AND d.state = 'open' LIMIT 10000
            """, all: { try $0.next() })
    }

    /// Customers by their ids, behind one.
    static func customers(_ tenant: Tenant.ID, after id: UUID?, limit: Int) -> Statement<[Customer.ID]> {
        let rest: SQL = id.map { "AND c.id > \($0)" } ?? ""
        return Statement(
            "duplicate.customers",
            """
            SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL \(rest)
            ORDER BY c.id LIMIT \(limit)
            """, all: { try $0.next() })
    }
}

extension Duplicate {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), first: Customer(id: try row.next(), name: try row.next()),
            second: Customer(id: try row.next(), name: try row.next()), score: try row.next(),
            reasons: try row.next(), doubts: try row.next(), state: try row.next(), mergeID: try row.nextIfPresent(),
            decidedAt: try row.nextIfPresent(), actorKind: try row.nextIfPresent(),
            actorID: try row.nextIfPresent(), version: try row.next(), createdAt: try row.next(),
            updatedAt: try row.next())
    }
}
