import Foundation
import JobQueue
import Postgres

enum PlatformStatements {
    // MARK: Keys

    private static let keyColumns: SQL =
        "id, name, prefix, scopes, expires_at, revoked_at, last_used_at, created_at"

    static func insertKey(
        _ id: PlatformKey.ID, name: String, hash: Bytes, prefix: String, scopes: [PlatformScope], expiresAt: Date?
    ) -> Statement<PlatformKey> {
        Statement(
            "platform.insert_key",
            """
            INSERT INTO platform.api_key (id, name, hash, prefix, scopes, expires_at)
            VALUES (\(id), \(name), \(hash), \(prefix), \(scopes.map(\.rawValue)), \(expiresAt))
            RETURNING \(keyColumns)
            """, one: PlatformKey.init(row:))
    }

    static let listKeys = Statement(
        "platform.list_keys", "SELECT \(keyColumns) FROM platform.api_key ORDER BY id DESC",
        all: PlatformKey.init(row:))

    /// - Returns: whether it was good until now; `nil` for no such key.
    static func revokeKey(_ id: PlatformKey.ID) -> Statement<Bool?> {
        Statement(
            "platform.revoke_key",
            """
            UPDATE platform.api_key k SET revoked_at = coalesce(k.revoked_at, now())
            FROM (SELECT id, revoked_at FROM platform.api_key WHERE id = \(id) FOR UPDATE) o WHERE k.id = o.id
            RETURNING o.revoked_at IS NULL
            """, optional: { try $0.next() })
    }

    /// Finds a key that is good, and notes its use at most once a minute.
    static func authenticate(_ hash: Bytes) -> Statement<(PlatformKey.ID, Set<PlatformScope>)?> {
        Statement(
            "platform.authenticate",
            """
            WITH used AS (
                UPDATE platform.api_key SET last_used_at = now()
                WHERE hash = \(hash) AND coalesce(last_used_at < now() - interval '1 minute', true)
            )
            SELECT id, scopes FROM platform.api_key
            WHERE hash = \(hash) AND revoked_at IS NULL AND coalesce(expires_at > now(), true)
            """,
            optional: { row in
                (
                    try row.next(),
                    Set(try row.next([String].self).compactMap(PlatformScope.init(rawValue:)))
                )
            })
    }

    // MARK: What is noted

    static func event(
        _ action: String, _ object: UUID, by context: PlatformContext, data: JSONText = JSONText(utf8: Array("{}".utf8))
    ) -> Statement<Int> {
        Statement(
            "platform.insert_event",
            """
            INSERT INTO platform.event (id, actor_kind, actor_id, address, request_id, action, object_id, data)
            VALUES (\(UUID.v7()), \(context.actor.kind), \(context.actor.id), \(context.address)::text::inet,
                \(context.requestID), \(action), \(object), \(data))
            """)
    }

    static func events(
        _ filter: PlatformAuditFilter, _ page: PageRequest<PlatformAuditEntry>
    ) -> Statement<[PlatformAuditEntry]> {
        Statement(
            "platform.list_events",
            """
            SELECT e.id, e.occurred_at, e.actor_kind, e.actor_id, k.name, e.request_id, host(e.address), e.action,
                e.object_id, coalesce(t.slug, x.slug, o.name), e.data
            FROM platform.event e
            LEFT JOIN platform.api_key k ON k.id = e.actor_id AND e.actor_kind = 'key'
            LEFT JOIN platform.tenant t ON t.id = e.object_id
            LEFT JOIN platform.erasure x ON x.tenant_id = e.object_id
            LEFT JOIN platform.api_key o ON o.id = e.object_id
            WHERE \(filter.condition)
            \(page.clause(id: "e.id"))
            """, all: PlatformAuditEntry.init(row:))
    }

    static func begin(_ request: IdempotentRequest, actor: UUID) -> Statement<Void> {
        Statement(
            effect: "platform.begin_request",
            """
            SELECT platform.begin_request(\(actor), \(request.operation), \(request.key), \(request.digest),
                \(request.objectID))
            """)
    }

    static func object(_ request: IdempotentRequest, actor: UUID) -> Statement<UUID?> {
        Statement(
            "platform.find_request",
            """
            SELECT object_id FROM platform.idempotent_request
            WHERE actor_id = \(actor) AND operation = \(request.operation) AND key = \(request.key)
            """, optional: { try $0.next() })
    }

    // MARK: Suspending and erasing

    /// - Returns: 0 rows when the tenant is in none of the states.
    static func move(_ id: Tenant.ID, from states: [Tenant.State], to state: Tenant.State) -> Statement<Int> {
        Statement(
            "platform.move_tenant",
            """
            UPDATE platform.tenant SET state = \(state), version = version + 1, updated_at = now(),
                suspended_at = CASE \(state) WHEN 'active' THEN NULL WHEN 'suspended' THEN coalesce(suspended_at, now())
                    ELSE suspended_at END,
                erase_after = CASE WHEN \(state) = 'deleting' THEN now() + interval '7 days' END
            WHERE id = \(id) AND state = ANY (\(states.map(\.rawValue)))
            """)
    }

    /// - Returns: 0 rows when the tenant is not to be erased, or is being.
    static func keep(_ id: Tenant.ID, as state: Tenant.State) -> Statement<Int> {
        Statement(
            "platform.keep_tenant",
            """
            UPDATE platform.tenant t SET state = \(state), erase_after = NULL, version = version + 1, updated_at = now()
            WHERE t.id = \(id) AND t.state = 'deleting' AND t.erase_after > clock_timestamp()
                AND NOT EXISTS (SELECT FROM platform.erasure e WHERE e.tenant_id = t.id)
            """)
    }

    /// Whether jobs of the tenant wait.
    static func hold(_ id: Tenant.ID, _ isHeld: Bool) -> Statement<Int> {
        Statement("platform.hold_jobs", "UPDATE job.tenant SET is_held = \(isHeld) WHERE tenant_id = \(id)")
    }

    static func lock(_ id: Tenant.ID) -> Statement<Tenant?> {
        Statement(
            "platform.lock_tenant",
            "SELECT \(TenantStatements.columns) FROM platform.tenant WHERE id = \(id) FOR UPDATE",
            optional: Tenant.init(row:))
    }

    /// Erases at most so many rows of a tenant; 0 when nothing is left.
    static func erase(_ id: Tenant.ID, atMost rows: Int) -> Statement<Int> {
        Statement(
            "platform.erase", "SELECT platform.erase(\(id), \(Int32(rows)))", one: { try $0.next() })
    }

    static func erasure(_ id: Tenant.ID) -> Statement<Erasure?> {
        Statement(
            "platform.find_erasure",
            "SELECT tenant_id, slug, began_at, ended_at, erased FROM platform.erasure WHERE tenant_id = \(id)",
            optional: { row in
                Erasure(
                    id: Erasure.ID(rawValue: try row.next()), slug: try row.next(), beganAt: try row.next(),
                    endedAt: try row.nextIfPresent(), erased: try row.next(JSONValue<[String: Int]>.self).value)
            })
    }

    static func usage(_ id: Tenant.ID) -> Statement<TenantUsage> {
        Statement(
            "platform.usage",
            "SELECT customers, members, keys, mails, responses, waiting, dead FROM platform.usage(\(id))",
            one: { row in
                TenantUsage(
                    customers: try row.next(), members: try row.next(), keys: try row.next(), mails: try row.next(),
                    responses: try row.next(), waitingJobs: try row.next(), deadJobs: try row.next())
            })
    }
}

extension PlatformKey {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), prefix: try row.next(),
            scopes: try row.next([String].self).compactMap(PlatformScope.init(rawValue:)),
            expiresAt: try row.nextIfPresent(), revokedAt: try row.nextIfPresent(),
            lastUsedAt: try row.nextIfPresent(), createdAt: try row.next())
    }
}

extension Tenant: Listed {
    public static var orders: [ListOrder<Tenant>] {
        [.time("created_at", "created_at") { $0.createdAt }, .text("slug", "slug") { $0.slug }]
    }
}
