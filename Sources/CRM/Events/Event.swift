import Foundation
import JobQueue
import Postgres

/// What happened to an object, by whom: one row beside each write.
enum Event {
    static func record(
        _ action: String, _ objectKind: String, _ objectID: UUID, by context: TenantContext,
        data: [String: JSONNode] = [:], secrets: [String] = []
    ) throws -> Statement<Int> {
        insert(
            action, objectKind, objectID, context, data: try JSONValue(data),
            ObjectChange(from: Tenant?.none, to: nil, secrets: secrets))
    }

    /// With what was changed of the object.
    ///
    /// - Parameters:
    ///   - before: `nil` for what is new.
    ///   - after: `nil` for what is gone.
    ///   - unknown: members whose values are not known here.
    static func record<Object: JSONObject>(
        _ action: String, _ objectKind: String, _ objectID: UUID, from before: Object?, to after: Object?,
        by context: TenantContext, unknown: Set<String> = []
    ) throws -> Statement<Int> {
        insert(
            action, objectKind, objectID, context, data: try JSONValue([:]),
            ObjectChange(from: before, to: after, unknown: unknown))
    }

    /// - Returns: 1.
    private static func insert(
        _ action: String, _ kind: String, _ object: UUID, _ context: TenantContext,
        data: JSONValue<[String: JSONNode]>, _ change: ObjectChange?
    ) -> Statement<Int> {
        let (tenant, id) = (context.tenantID, UUID.v7())
        let changes = change.map { JSONText(utf8: $0.changes) }
        let insert: SQL = """
            INSERT INTO crm.event (tenant_id, id, actor_kind, actor_id, request_id, address, action, object_kind, object_id,
                data, changes)
            VALUES (\(tenant), \(id), \(context.actor.kind), \(context.actor.id), \(context.requestID),
                \(context.address)::text::inet, \(action), \(kind), \(object), \(data), \(changes))
            """
        guard let personal = change?.personal else { return Statement("event.insert", insert) }
        return Statement(
            "event.insert_personal",
            """
            WITH event AS (\(insert))
            INSERT INTO crm.event_personal (tenant_id, event_id, subject_kind, subject_id, changes)
            VALUES (\(tenant), \(id), \(kind), \(object), \(JSONText(utf8: personal)))
            """)
    }
}
