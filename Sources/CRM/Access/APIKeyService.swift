public import Foundation
import JobQueue
import Postgres

/// Makes, lists and revokes the keys of a tenant's clients.
public struct APIKeyService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Makes a key and gives its secret, which cannot be shown again.
    ///
    /// - Throws: ``ServiceError/forbidden(scope:)`` when the caller lacks one of the scopes itself; ``ServiceError/invalid(_:)``.
    public func create(
        _ context: TenantContext, name: String, scopes: Set<Scope>, expiresAt: Date? = nil
    ) async throws -> (key: APIKey, secret: String) {
        if let beyond = scopes.subtracting(context.scopes).map(\.rawValue).min() {
            throw ServiceError.forbidden(scope: beyond)
        }
        guard (1...200).contains(name.count) else {
            throw ServiceError.invalid("/name", "length", "1 to 200 characters.")
        }
        let token = SecretToken.make(for: context.tenantID)
        let secret = APIKey.marker + token.text
        let id = APIKey.ID.make()
        let (key, _) = try await database.pipeline(
            context,
            APIKeyStatements.insert(
                context.tenantID, id, name: name, token: token, prefix: String(secret.prefix(34)),
                scopes: scopes.sorted { $0.rawValue < $1.rawValue }, expiresAt: expiresAt),
            try Event.record("key.created", "key", id.rawValue, by: context))
        return (key, secret)
    }

    /// Every key that was ever made, newest first.
    public func list(_ context: TenantContext) async throws -> [APIKey] {
        try await database.run(context, APIKeyStatements.list(context.tenantID))
    }

    /// Ends a key at once; caches of authentication notice within 5 seconds. Revoking twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func revoke(_ context: TenantContext, _ id: APIKey.ID) async throws {
        try await database.withTenant(context) { transaction in
            guard try await transaction.run(APIKeyStatements.revoke(context.tenantID, id)) == 1 else {
                throw ServiceError.notFound("key")
            }
            _ = try await transaction.run(try Event.record("key.revoked", "key", id.rawValue, by: context))
        }
    }
}
