public import Foundation
import JobQueue
import Postgres

/// Makes, lists, rotates and revokes the keys of a tenant's clients.
public struct APIKeyService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Makes a key and gives its secret, which cannot be shown again. The key outlives whoever made it.
    ///
    /// - Throws: ``ServiceError/forbidden(scope:)`` when the caller lacks one of the scopes itself; ``ServiceError/invalid(_:)``.
    public func create(_ context: TenantContext, id: APIKey.ID = .make(), _ new: NewKey) async throws -> IssuedKey {
        try context.require(.keysWrite)
        try ServiceError.refuse(new.faults)
        try Self.requireAuthority(context, over: new.scopes)
        try await requireLife(context, until: new.expiresAt)
        let token = SecretToken.make(for: context.tenantID)
        let secret = APIKey.marker + token.text
        let made = APIKey(
            id: id, name: new.name, prefix: Self.prefix(of: secret), scopes: new.scopes, expiresAt: new.expiresAt,
            revokedAt: nil, lastUsedAt: nil, previousUntil: nil,
            createdByKind: AuditEntry.ActorKind(rawValue: context.actor.kind), createdBy: context.actor.id, version: 1,
            createdAt: Date(), updatedAt: Date())
        let (key, _) = try await database.pipeline(
            context,
            APIKeyStatements.insert(
                context.tenantID, id, new, token: token, prefix: made.prefix, by: context.actor),
            try Event.record("key.created", APIKey.kind, id.rawValue, from: nil, to: made, by: context))
        return IssuedKey(key: key, secret: secret)
    }

    /// The same with the scopes as a set.
    public func create(
        _ context: TenantContext, name: String, scopes: Set<Scope>, expiresAt: Date? = nil
    ) async throws -> (key: APIKey, secret: String) {
        let issued = try await create(
            context,
            NewKey(name: name, scopes: scopes.sorted { $0.rawValue < $1.rawValue }, expiresAt: expiresAt))
        return (issued.key, issued.secret)
    }

    /// Every key that was ever made, without secrets.
    public func list(_ context: TenantContext, _ page: PageRequest<APIKey>) async throws -> Page<APIKey> {
        try context.require(.keysRead)
        return page.page(of: try await database.run(context, APIKeyStatements.list(context.tenantID, page)))
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: APIKey.ID) async throws -> APIKey {
        try context.require(.keysRead)
        return try await database.lookUp(context, APIKeyStatements.find(context.tenantID, id)).orNotFound(APIKey.kind)
    }

    /// Gives a key a new secret. The one that it had stays good for a while, so that clients change over one by one; one of an
    /// earlier rotation ends.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/forbidden(scope:)`` when the caller lacks one of the scopes itself;
    ///   ``ServiceError/conflict(code:detail:)`` `key_ended` for one that was revoked or has expired;
    ///   ``ServiceError/invalid(_:)``.
    public func rotate(
        _ context: TenantContext, _ id: APIKey.ID, overlapHours: Int = KeyRules.usualOverlapHours
    ) async throws -> IssuedKey {
        try context.require(.keysWrite)
        guard KeyRules.overlapHours.contains(overlapHours) else {
            throw ServiceError.invalid("/overlap_hours", "range", "0 to \(KeyRules.overlapHours.upperBound).")
        }
        let tenant = context.tenantID
        let token = SecretToken.make(for: tenant)
        let secret = APIKey.marker + token.text
        return try await database.withTenant(context) { transaction in
            let old = try await transaction.run(APIKeyStatements.lock(tenant, id)).orNotFound(APIKey.kind)
            try Self.requireAuthority(context, over: old.scopes)
            guard old.revokedAt == nil, old.expiresAt.map({ $0 > Date() }) ?? true else {
                throw ServiceError.conflict(
                    code: "key_ended", detail: "The key was revoked or has expired; make a new one.")
            }
            let (key, _) = try await transaction.pipeline(
                APIKeyStatements.rotate(
                    tenant, id, token: token, prefix: Self.prefix(of: secret), overlap: .seconds(overlapHours * 3600)),
                MemberStatements.notify(tenant))
            _ = try await transaction.run(
                try Event.record(
                    "key.rotated", APIKey.kind, id.rawValue, from: old, to: key, by: context,
                    unknown: ["last_used_at"]))
            return IssuedKey(key: key, secret: secret)
        }
    }

    /// Ends a key at once, with the secret of before its last rotation. Revoking twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/forbidden(scope:)`` when the caller lacks one of the scopes itself.
    @discardableResult
    public func revoke(_ context: TenantContext, _ id: APIKey.ID) async throws -> APIKey {
        try context.require(.keysWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let old = try await transaction.run(APIKeyStatements.lock(tenant, id)).orNotFound(APIKey.kind)
            try Self.requireAuthority(context, over: old.scopes)
            guard old.revokedAt == nil else { return old }
            let (_, _, _, key) = try await transaction.pipeline(
                APIKeyStatements.revoke(tenant, id), MemberStatements.notify(tenant),
                try Event.record("key.revoked", APIKey.kind, id.rawValue, by: context),
                APIKeyStatements.find(tenant, id))
            return try key.orNotFound(APIKey.kind)
        }
    }

    /// A key that ends makes none that outlives it.
    private func requireLife(_ context: TenantContext, until end: Date?) async throws {
        guard case .key(let id) = context.actor,
            let maker = try await database.run(context.afterwards(), APIKeyStatements.find(context.tenantID, id)),
            let last = maker.expiresAt
        else { return }
        guard let end, end <= last else {
            throw ServiceError.invalid("/expires_at", "beyond", "Not later than the key that makes it ends.")
        }
    }

    private static func requireAuthority(_ context: TenantContext, over scopes: [Scope]) throws {
        let beyond = Set(scopes).subtracting(context.scopes).min { $0.rawValue < $1.rawValue }
        if let beyond { throw context.lacking(beyond) }
    }

    /// The marker, the tenant's public id and four letters of the secret.
    private static func prefix(of secret: String) -> String { String(secret.prefix(34)) }
}
