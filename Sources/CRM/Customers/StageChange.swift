public import Foundation
public import Postgres

/// How a relationship came from one stage to another.
public struct StageChange: Sendable {
    public typealias ID = Identifier<StageChange>

    public let id: ID
    public let customerID: Customer.ID
    public let from: Customer.Stage
    public let to: Customer.Stage
    public let reason: String?
    public let actorKind: AuditEntry.ActorKind
    public let actorID: UUID?
    public let changedAt: Date
}

/// Which changes of stages a list shows.
public struct StageChangeFilter: Sendable {
    public var customer: Customer.ID?
    public var to: [Customer.Stage]?

    public init() {}
}

extension StageChange: JSONObject {
    public static let schemaName = "StageChange"
    public static let schemaDescription = "How a relationship came from one stage to another."
    public static var example: StageChange {
        StageChange(
            id: Example.id(), customerID: Example.id(7), from: .potential, to: .actual, reason: "first order",
            actorKind: .member, actorID: Example.uuid, changedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The change's id.")
        json.member("customer_id", customerID, "Whose relationship it is.")
        json.member("from", from, "The stage before.")
        json.member("to", to, "The stage since.")
        json.member("reason", reason, "Why.")
        json.member("actor_kind", actorKind, "What kind of caller did it.")
        json.member("actor_id", actorID, "Which member, key or job did it; null for the command line.")
        json.member("changed_at", changedAt, "When.")
    }
}

extension StageChange: Listed {
    public static var isNewestFirst: Bool { true }
    public var listID: UUID { id.rawValue }
    public static var orders: [ListOrder<StageChange>] { [.time("changed_at", "s.changed_at") { $0.changedAt }] }
}

enum StageChangeStatements {
    static func insert(
        _ customer: Customer.ID, from stage: Customer.Stage, to values: CustomerValues, by context: TenantContext
    ) -> Statement<Int> {
        Statement(
            "stage_change.insert",
            """
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, reason, actor_kind, actor_id)
            VALUES (\(context.tenantID), \(StageChange.ID.make()), \(customer), \(stage), \(values.stage),
                \(values.stageReason), \(context.actor.kind), \(context.actor.id))
            """)
    }

    static func list(
        _ tenant: Tenant.ID, _ filter: StageChangeFilter, _ page: PageRequest<StageChange>
    ) -> Statement<[StageChange]> {
        var condition: SQL = ""
        if let customer = filter.customer { condition = "AND s.customer_id = \(customer)" }
        if let to = filter.to { condition = "\(condition) AND s.to_stage = ANY (\(to.map(\.rawValue)))" }
        return Statement(
            "stage_change.list",
            """
            SELECT s.id, s.customer_id, s.from_stage, s.to_stage, s.reason, s.actor_kind, s.actor_id, s.changed_at
            FROM crm.stage_change s WHERE s.tenant_id = \(tenant) \(condition)
            \(page.clause(id: "s.id"))
            """,
            all: { row in
                StageChange(
                    id: try row.next(), customerID: try row.next(), from: try row.next(), to: try row.next(),
                    reason: try row.nextIfPresent(), actorKind: try row.next(), actorID: try row.nextIfPresent(),
                    changedAt: try row.next())
            })
    }
}
