import Foundation
import JobQueue
import Postgres

/// What happened to an object, by whom: one row beside each write.
enum Event {
    static func record(
        _ action: String, _ objectKind: String, _ objectID: UUID, by context: TenantContext,
        data: [String: JSONNode] = [:]
    ) throws -> Statement<Int> {
        Statement(
            "event.insert",
            """
            INSERT INTO crm.event (tenant_id, id, actor_kind, actor_id, request_id, action, object_kind, object_id, data)
            VALUES (\(context.tenantID), \(UUID.v7()), \(context.actor.kind), \(context.actor.id), \(context.requestID),
                \(action), \(objectKind), \(objectID), \(try JSONValue(data)))
            """)
    }
}
