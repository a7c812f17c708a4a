import Foundation
import Postgres

enum APIKeyStatements {
    private static let columns: SQL = "id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at"

    static func insert(
        _ tenant: Tenant.ID, _ id: APIKey.ID, name: String, token: SecretToken, prefix: String, scopes: [Scope],
        expiresAt: Date?
    ) -> Statement<APIKey> {
        Statement(
            "key.insert",
            """
            INSERT INTO crm.api_key (tenant_id, id, name, hash, prefix, scopes, expires_at)
            VALUES (\(tenant), \(id), \(name), \(token.hash), \(prefix), \(scopes.map(\.rawValue)), \(expiresAt))
            RETURNING \(columns)
            """, one: APIKey.init(row:))
    }

    static func list(_ tenant: Tenant.ID) -> Statement<[APIKey]> {
        Statement(
            "key.list", "SELECT \(columns) FROM crm.api_key WHERE tenant_id = \(tenant) ORDER BY id DESC",
            all: APIKey.init(row:))
    }

    static func revoke(_ tenant: Tenant.ID, _ id: APIKey.ID) -> Statement<Int> {
        Statement(
            "key.revoke",
            """
            UPDATE crm.api_key SET revoked_at = coalesce(revoked_at, now()), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// What a request needs to know of the key that it carries.
    struct Credential: Sendable {
        let id: APIKey.ID
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
            SELECT k.id, k.scopes, k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true), t.state, k.expires_at,
                s.allowed_origins, s.requests_per_second, s.key_requests_per_second
            FROM crm.api_key k JOIN platform.tenant t ON t.id = k.tenant_id
            JOIN crm.tenant_setting s ON s.tenant_id = k.tenant_id
            WHERE k.tenant_id = \(token.tenantID) AND k.hash = \(token.hash)
            """,
            optional: { row in
                Credential(
                    id: try row.next(), scopes: Set(try row.next([String].self).compactMap(Scope.init(rawValue:))),
                    isValid: try row.next(), tenantState: try row.next(), expiresAt: try row.nextIfPresent(),
                    terms: CallerTerms(
                        allowedOrigins: try row.next(), requestsPerSecond: try row.next(),
                        keyRequestsPerSecond: try row.next()))
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
            scopes: try row.next([String].self).compactMap(Scope.init(rawValue:)), createdAt: try row.next(),
            expiresAt: try row.nextIfPresent(), revokedAt: try row.nextIfPresent(), lastUsedAt: try row.nextIfPresent())
    }
}
