import Foundation
import Postgres

enum APIKeyStatements {
    private static let columns: SQL = """
        id, name, prefix, scopes, expires_at, revoked_at, last_used_at,
            CASE WHEN previous_until > now() THEN previous_until END, created_by_kind, created_by, version, created_at,
            updated_at
        """

    static func insert(
        _ tenant: Tenant.ID, _ id: APIKey.ID, _ new: NewKey, token: SecretToken, prefix: String,
        by actor: TenantContext.Actor
    ) -> Statement<APIKey> {
        Statement(
            "key.insert",
            """
            INSERT INTO crm.api_key (tenant_id, id, name, hash, prefix, scopes, expires_at, created_by_kind, created_by)
            VALUES (\(tenant), \(id), \(new.name), \(token.hash), \(prefix), \(new.scopes.map(\.rawValue).sorted()),
                \(new.expiresAt), \(actor.kind), \(actor.id))
            RETURNING \(columns)
            """, one: APIKey.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<APIKey>) -> Statement<[APIKey]> {
        Statement(
            "key.list", "SELECT \(columns) FROM crm.api_key WHERE tenant_id = \(tenant)\n\(page.clause(id: "id"))",
            all: APIKey.init(row:))
    }

    static func find(_ tenant: Tenant.ID, _ id: APIKey.ID) -> Statement<APIKey?> {
        Statement(
            "key.find", "SELECT \(columns) FROM crm.api_key WHERE tenant_id = \(tenant) AND id = \(id)",
            optional: APIKey.init(row:))
    }

    /// No other change of the key goes on meanwhile.
    static func lock(_ tenant: Tenant.ID, _ id: APIKey.ID) -> Statement<APIKey?> {
        Statement(
            "key.lock", "SELECT \(columns) FROM crm.api_key WHERE tenant_id = \(tenant) AND id = \(id) FOR UPDATE",
            optional: APIKey.init(row:))
    }

    static func rotate(
        _ tenant: Tenant.ID, _ id: APIKey.ID, token: SecretToken, prefix: String, overlap: Duration
    ) -> Statement<APIKey> {
        Statement(
            "key.rotate",
            """
            UPDATE crm.api_key SET previous_hash = hash,
                previous_until = now() + make_interval(secs => \(overlap / .seconds(1))), hash = \(token.hash),
                prefix = \(prefix), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            RETURNING \(columns)
            """, one: APIKey.init(row:))
    }

    static func revoke(_ tenant: Tenant.ID, _ id: APIKey.ID) -> Statement<Int> {
        Statement(
            "key.revoke",
            """
            UPDATE crm.api_key SET revoked_at = now(), previous_until = NULL, previous_hash = NULL,
                version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// What a request needs to know of the key that it carries.
    struct Credential: Sendable {
        let id: APIKey.ID
        let hash: Bytes
        let scopes: Set<Scope>
        let isValid: Bool
        let tenantState: Tenant.State
        let expiresAt: Date?
        let terms: CallerTerms
    }

    static func authenticate(_ token: SecretToken) -> Statement<Credential?> {
        Statement(
            "key.authenticate",
            """
            SELECT k.id, k.found, k.scopes, k.revoked_at IS NULL AND coalesce(k.ends > now(), true), t.state, k.ends,
                s.allowed_origins, s.requests_per_second, s.key_requests_per_second
            FROM (
                SELECT tenant_id, id, hash AS found, scopes, revoked_at, expires_at AS ends FROM crm.api_key
                WHERE tenant_id = \(token.tenantID) AND hash = \(token.hash)
                UNION ALL
                SELECT tenant_id, id, previous_hash, scopes, revoked_at, least(expires_at, previous_until)
                FROM crm.api_key
                WHERE tenant_id = \(token.tenantID) AND previous_hash = \(token.hash) AND previous_until > now()
            ) k
            JOIN platform.tenant t ON t.id = k.tenant_id
            JOIN crm.tenant_setting s ON s.tenant_id = k.tenant_id
            """,
            optional: { row in
                Credential(
                    id: try row.next(), hash: try row.next(),
                    scopes: Set(try row.next([String].self).compactMap(Scope.init(rawValue:))), isValid: try row.next(),
                    tenantState: try row.next(), expiresAt: try row.nextIfPresent(), terms: try CallerTerms(row: &row))
            })
    }

    /// Notes the use at most once a minute.
    static func touch(_ tenant: Tenant.ID, _ id: APIKey.ID) -> Statement<Int> {
        Statement(
            "key.touch",
            """
            UPDATE crm.api_key SET last_used_at = now() WHERE tenant_id = \(tenant) AND id = \(id)
                AND coalesce(last_used_at < now() - interval '1 minute', true)
            """)
    }
}

extension APIKey {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), prefix: try row.next(),
            scopes: try row.next([String].self).compactMap(Scope.init(rawValue:)), expiresAt: try row.nextIfPresent(),
            revokedAt: try row.nextIfPresent(), lastUsedAt: try row.nextIfPresent(),
            previousUntil: try row.nextIfPresent(), createdByKind: try row.nextIfPresent(),
            createdBy: try row.nextIfPresent(), version: try row.next(), createdAt: try row.next(),
            updatedAt: try row.next())
    }
}

extension APIKey: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<APIKey>] { [.time("created_at", "created_at") { $0.createdAt }] }
}
