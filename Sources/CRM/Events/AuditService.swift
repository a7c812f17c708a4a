public import Foundation
public import Postgres

/// The audit log of a tenant: everything that was changed, newest first.
public struct AuditService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    public func list(
        _ context: TenantContext, _ filter: AuditFilter, _ page: PageRequest<AuditEntry>
    ) async throws -> Page<AuditEntry> {
        try context.require(.auditRead)
        return page.page(of: try await database.run(context, AuditStatements.list(context.tenantID, filter, page)))
    }

    /// Notes that the log was taken along.
    public func noteExport(_ context: TenantContext) async throws {
        try context.require(.auditRead)
        _ = try await database.run(
            context, try Event.record("audit.exported", "settings", context.tenantID.rawValue, by: context))
    }
}

enum AuditStatements {
    static func list(
        _ tenant: Tenant.ID, _ filter: AuditFilter, _ page: PageRequest<AuditEntry>
    ) -> Statement<[AuditEntry]> {
        Statement(
            "audit.list",
            """
            SELECT e.id, e.occurred_at, e.actor_kind, e.actor_id, coalesce(m.name, k.name), e.request_id,
                host(e.address), e.action, e.object_kind, e.object_id, e.changes, p.changes, e.data
            FROM crm.event e
            LEFT JOIN crm.event_personal p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
            LEFT JOIN crm.member m ON m.tenant_id = e.tenant_id AND m.id = e.actor_id AND e.actor_kind = 'member'
            LEFT JOIN crm.api_key k ON k.tenant_id = e.tenant_id AND k.id = e.actor_id AND e.actor_kind = 'key'
            WHERE e.tenant_id = \(tenant) \(filter.condition)
            \(page.clause(id: "e.id"))
            """, all: AuditEntry.init(row:))
    }
}

extension AuditFilter {
    fileprivate var condition: SQL {
        var condition: SQL = ""
        func and(_ more: SQL) { condition = "\(condition) AND \(more)" }
        if let actorKinds { and("e.actor_kind = ANY (\(actorKinds.map(\.rawValue)))") }
        if let actorID { and("e.actor_id = \(actorID)") }
        if let actions { and("e.action = ANY (\(actions))") }
        if let objectKinds { and("e.object_kind = ANY (\(objectKinds))") }
        if let objectID { and("e.object_id = \(objectID)") }
        if let from { and("e.occurred_at >= \(from)") }
        if let until { and("e.occurred_at < \(until)") }
        return condition
    }
}

extension AuditEntry: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<AuditEntry>] { [.time("occurred_at", "e.occurred_at") { $0.occurredAt }] }
    public var listID: UUID { id.rawValue }
}

extension AuditEntry {
    init(row: inout RowReader) throws {
        let id = try row.next(ID.self)
        let occurredAt = try row.next(Date.self)
        let (kind, actor, name) = (
            try row.next(ActorKind.self), try row.nextIfPresent(UUID.self), try row.nextIfPresent(String.self)
        )
        let (request, address) = (try row.nextIfPresent(String.self), try row.nextIfPresent(String.self))
        let (action, objectKind, object) = (
            try row.next(String.self), try row.next(String.self), try row.next(UUID.self)
        )
        let changes = try row.nextIfPresent(JSONValue<[String: JSONNode]>.self)?.value ?? [:]
        let personal = try row.nextIfPresent(JSONValue<[String: JSONNode]>.self)?.value ?? [:]
        self.init(
            id: id, occurredAt: occurredAt, actorKind: kind, actorID: actor, actorName: name, requestID: request,
            address: address, action: action, objectKind: objectKind, objectID: object,
            changes: Dictionary(
                uniqueKeysWithValues: changes.map { ($0, Change($1 == .null ? personal[$0] : $1)) }),
            data: try row.next(JSONValue<[String: JSONNode]>.self).value)
    }
}

extension AuditEntry.Change {
    /// - Parameter pair: `nil` for values that were erased.
    fileprivate init(_ pair: JSONNode?) {
        if case .array(let values) = pair, values.count == 2 {
            self.init(before: values[0], after: values[1], isErased: false)
        } else {
            self.init(before: .null, after: .null, isErased: true)
        }
    }
}

extension AuditEntry.ActorKind: PostgresEncodable, PostgresDecodable {}
