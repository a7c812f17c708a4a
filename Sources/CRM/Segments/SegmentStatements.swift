import Foundation
public import Postgres

enum SegmentStatements {
    private static let columns: SQL = """
        s.id, s.name, s.description, s.kind, s.rule, s.member_count, s.evaluated_at, s.version, s.created_at, s.updated_at
        """

    static func find(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Segment?> {
        Statement(
            "segment.find",
            "SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL",
            optional: Segment.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<Segment>) -> Statement<[Segment]> {
        Statement(
            "segment.list",
            """
            SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.deleted_at IS NULL
            \(page.clause(id: "s.id"))
            """, all: Segment.init(row:))
    }

    static func insert(_ tenant: Tenant.ID, _ id: Segment.ID, _ new: SegmentValues) throws -> Statement<Int> {
        Statement(
            "segment.insert",
            """
            INSERT INTO crm.segment (tenant_id, id, name, description, kind, rule, member_count)
            VALUES (\(tenant), \(id), \(new.name), \(new.description), \(new.kind), \(try new.rule.map(JSONValue.init)),
                \(new.kind == .manual ? Int32(0) : nil))
            """)
    }

    /// 0 when the segment has another version by now.
    static func update(_ tenant: Tenant.ID, _ old: Segment, _ new: SegmentValues) throws -> Statement<Int> {
        Statement(
            "segment.update",
            """
            UPDATE crm.segment SET name = \(new.name), description = \(new.description),
                rule = \(try new.rule.map(JSONValue.init)), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }

    /// A segment that nobody changes or links to until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Segment?> {
        Statement(
            "segment.lock",
            """
            SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL
            FOR UPDATE
            """, optional: Segment.init(row:))
    }

    static func isUsed(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Bool> {
        Statement(
            "segment.uses",
            """
            SELECT EXISTS (SELECT FROM crm.plan p WHERE p.tenant_id = \(tenant) AND p.segment_id = \(id) AND p.deleted_at IS NULL)
                OR EXISTS (SELECT FROM crm.campaign c WHERE c.tenant_id = \(tenant) AND c.segment_id = \(id))
            """, one: { try $0.next() })
    }

    static func remove(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Int> {
        Statement(
            "segment.remove",
            """
            UPDATE crm.segment SET deleted_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// Of two who change rules at once each may be right, and both together a ring: one after the other.
    static func lockRules(_ tenant: Tenant.ID) -> Statement<Void> {
        let key = "segment_rules:\(tenant)"
        return Statement(effect: "segment.lock_rules", "SELECT pg_advisory_xact_lock(hashtextextended(\(key), 0))")
    }

    /// With what rules of the tenant are read now.
    static func terms(_ tenant: Tenant.ID) -> Statement<SegmentQuery.Terms> {
        Statement(
            "segment.terms",
            "SELECT s.time_zone, s.currency, now() FROM crm.tenant_setting s WHERE s.tenant_id = \(tenant)",
            one: { row in
                let zone = TimeZone(identifier: try row.next()) ?? .gmt
                let currency: String = try row.next()
                return SegmentQuery.Terms(
                    tenant: tenant, zone: zone, today: LocalDay.day(of: try row.next(), in: zone), currency: currency)
            })
    }

    /// Every rule of the tenant, the oldest segment's first.
    static func rules(_ tenant: Tenant.ID) -> Statement<[EvaluatedRule]> {
        Statement(
            "segment.rules",
            """
            SELECT s.id, s.rule FROM crm.segment s
            WHERE s.tenant_id = \(tenant) AND s.deleted_at IS NULL AND s.kind = 'rule' ORDER BY s.created_at, s.id
            """,
            all: { row in
                EvaluatedRule(id: try row.next(), rule: SegmentRule.kept(try row.next(JSONValue<JSONNode>.self).value))
            }
        ).map { $0.compactMap(\.self) }
    }

    static func attributes(_ tenant: Tenant.ID) -> Statement<[CustomerAttributeValues]> {
        Statement(
            "segment.attributes",
            """
            SELECT a.name, a.label, a.type, a.choices, a.is_required FROM crm.customer_attribute a
            WHERE a.tenant_id = \(tenant) AND a.deleted_at IS NULL ORDER BY a.name
            """, all: CustomerAttributeValues.init(row:))
    }

    // MARK: Asking a rule

    /// Whether the transaction's statements are planned anew each time. A plan for any tenant, as prepared statements come to have, is
    /// none for the customers of a large one; of a few customers it finds the same indexes, and spares planning every rule.
    static func plan(anew: Bool) -> Statement<Void> {
        Statement(
            effect: "segment.plan",
            "SELECT set_config('plan_cache_mode', \(anew ? "force_custom_plan" : "auto"), true)")
    }

    /// Gives a rule room to hash a million customers, those with a tag for instance: a list that is longer than the room is looked up
    /// for each customer. Each of the rule's lists has its share. And has several processors work on it only where that takes longer than
    /// to begin: of a hundred thousand customers one of them counts sooner, while others have the rest.
    static func makeRoom(for rule: SegmentRule) -> Statement<Void> {
        let megabytes = max(4, 64 / max(1, rule.comparisons.count(where: \.isOfRows)))
        return Statement(
            effect: "segment.make_room",
            "SELECT set_config('work_mem', \("\(megabytes)MB"), true), set_config('parallel_setup_cost', '10000', true)"
        )
    }

    /// How many customers a rule describes. Several processors may count.
    static func count(_ terms: SegmentQuery.Terms, _ rule: SegmentRule) -> Statement<Int> {
        Statement(
            "segment.count", "SELECT count(*) FROM (\(SegmentQuery.matching(rule, terms))) AS matching",
            one: { try $0.next() })
    }

    /// The newest customers that a rule describes.
    static func sample(_ terms: SegmentQuery.Terms, _ rule: SegmentRule) -> Statement<[Customer.ID]> {
        Statement(
            "segment.sample",
            "\(SegmentQuery.matching(rule, terms)) ORDER BY id DESC LIMIT \(SegmentPreview.sampleSize)",
            all: { try $0.next() })
    }

    /// What becomes of each comparison of a rule for one customer; `nil` for nobody.
    static func explanation(
        _ terms: SegmentQuery.Terms, _ rule: SegmentRule, of customer: Customer.ID
    ) -> Statement<[(holds: Bool?, value: JSONNode?)]?> {
        var query = SegmentQuery(terms, customers: [customer])
        let comparisons = rule.comparisons
        let columns = comparisons.map { "\(query.test($0)), \(query.shown($0))::jsonb" as SQL }
        return Statement(
            "segment.explanation", "SELECT \(SQL.joined(columns, by: ", ")) FROM \(query.source)",
            optional: { row in
                try comparisons.map { _ in
                    (try row.next(), try row.nextIfPresent(JSONValue<JSONNode>.self).map(\.value))
                }
            })
    }
}

extension Segment {
    init(row: inout RowReader) throws {
        let id: Segment.ID = try row.next()
        let (name, description): (String, String?) = (try row.next(), try row.nextIfPresent())
        let values = SegmentValues(
            name: name, description: description, kind: try row.next(),
            rule: try row.nextIfPresent(JSONValue<JSONNode>.self).map(\.value))
        self.init(
            id: id, values: values, memberCount: try row.nextIfPresent(), evaluatedAt: try row.nextIfPresent(),
            version: try row.next(), createdAt: try row.next(), updatedAt: try row.next())
    }
}
