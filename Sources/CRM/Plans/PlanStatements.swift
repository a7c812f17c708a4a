import Foundation
import Postgres

enum PlanStatements {
    private static func select(_ tenant: Tenant.ID) -> SQL {
        """
        SELECT p.id, p.segment_id, p.name, r.elements, r.objectives, r.budget_amount, r.budget_currency, r.activities,
            r.revision, p.version, p.created_at, p.updated_at
        FROM crm.plan p JOIN crm.plan_revision r
            ON r.tenant_id = p.tenant_id AND r.plan_id = p.id AND r.revision = p.revision
        WHERE p.tenant_id = \(tenant) AND p.deleted_at IS NULL
        """
    }

    static func find(_ tenant: Tenant.ID, _ id: Plan.ID) -> Statement<Plan?> {
        Statement("plan.find", "\(select(tenant)) AND p.id = \(id)", optional: Plan.init(row:))
    }

    static func list(_ tenant: Tenant.ID, segment: Segment.ID?, _ page: PageRequest<Plan>) -> Statement<[Plan]> {
        let condition: SQL = segment.map { "AND p.segment_id = \($0)" } ?? ""
        return Statement(
            "plan.list", "\(select(tenant)) \(condition) \(page.clause(id: "p.id"))",
            all: Plan.init(row:))
    }

    static func insert(_ tenant: Tenant.ID, _ id: Plan.ID, segment: Segment.ID, name: String) -> Statement<Int> {
        Statement(
            "plan.insert",
            """
            INSERT INTO crm.plan (tenant_id, id, segment_id, name)
            VALUES (\(tenant), \(id), \(segment), \(name))
            """)
    }

    static func insertRevision(
        _ tenant: Tenant.ID, _ id: Plan.ID, _ revision: Int, _ content: PlanContent
    ) throws -> Statement<Int> {
        Statement(
            "plan.insert_revision",
            """
            INSERT INTO crm.plan_revision
                (tenant_id, plan_id, revision, elements, objectives, budget_amount, budget_currency, activities)
            VALUES (\(tenant), \(id), \(Int32(revision)), \(try stored(content.elements)), \(content.objectives),
                \(content.budget?.amount), \(content.budget?.currency), \(try stored(content.activities)))
            """)
    }

    /// - Returns: 0 rows when the plan has another version by now.
    static func advance(_ tenant: Tenant.ID, _ old: Plan, name: String) -> Statement<Int> {
        Statement(
            "plan.advance",
            """
            UPDATE crm.plan SET name = \(name), revision = revision + 1, version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(Int32(old.version)) AND deleted_at IS NULL
            """)
    }

    /// JSON columns hold the same form as the API: snake_case.
    private static func stored(_ value: some Encodable) throws -> JSONText {
        JSONText(utf8: Array(try JSONCoding.encoder().encode(value)))
    }
}

extension Plan {
    init(row: inout RowReader) throws {
        let decoder = JSONCoding.decoder()
        func decoded<Value: Decodable>(_ type: Value.Type, _ text: JSONText) throws -> Value {
            try decoder.decode(type, from: Data(text.utf8))
        }
        let id: ID = try row.next()
        let segmentID: Segment.ID = try row.next()
        let name: String = try row.next()
        let elements = try decoded(MarketingMix.self, row.next())
        let objectives: [String] = try row.next()
        let amount: Decimal? = try row.nextIfPresent()
        let currency: String? = try row.nextIfPresent()
        let activities = try decoded([PlanActivity].self, row.next())
        let budget: Money? = if let amount, let currency { Money(amount: amount, currency: currency) } else { nil }
        self.init(
            id: id, segmentID: segmentID, name: name,
            content: PlanContent(elements: elements, objectives: objectives, budget: budget, activities: activities),
            revision: try row.next(), version: try row.next(), createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension Plan: Listed {
    public static var orders: [ListOrder<Plan>] {
        [
            .time("created_at", "p.created_at") { $0.createdAt }, .text("name", "p.name") { $0.name },
        ]
    }
}
