public import Foundation
import Postgres

/// Makes, lists and revokes keys of the platform API, and lets their bearers in.
public struct PlatformKeyService: Sendable {
    private let database: PlatformDatabase

    public init(database: PlatformDatabase) { self.database = database }

    /// Makes a key and gives its secret, which cannot be shown again.
    public func create(
        _ context: PlatformContext, name: String, scopes: [PlatformScope], expiresAt: Date?
    ) async throws -> (key: PlatformKey, secret: String) {
        var errors: [FieldError] = []
        KeyRules.name.check(name, "/name", into: &errors)
        if scopes.isEmpty { errors.append(FieldError("/scopes", "required", "At least one scope.")) }
        try ServiceError.refuse(errors)
        let secret = PlatformKey.makeSecret()
        let id = PlatformKey.ID.make()
        let (key, _) = try await database.pipeline(
            context,
            PlatformStatements.insertKey(
                id, name: name, hash: PlatformKey.hash(secret), prefix: String(secret.prefix(8)), scopes: scopes,
                expiresAt: expiresAt),
            PlatformStatements.event("platform_key.created", id.rawValue, by: context))
        return (key, secret)
    }

    public func list() async throws -> [PlatformKey] { try await database.run(PlatformStatements.listKeys) }

    /// Ends a key at once. Revoking twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func revoke(_ context: PlatformContext, _ id: PlatformKey.ID) async throws {
        try await database.withTransaction(context) { transaction in
            guard try await transaction.run(PlatformStatements.revokeKey(id)).orNotFound("key") else { return }
            _ = try await transaction.run(
                PlatformStatements.event("platform_key.revoked", id.rawValue, by: context))
        }
    }

    /// Whether it is worth looking for the key.
    public static func mayBeKey(_ secret: String) -> Bool {
        secret.utf8.count == PlatformKey.marker.utf8.count + 26 && secret.hasPrefix(PlatformKey.marker)
    }

    /// The context of a key's bearer. Nothing is kept: whoever runs the deployment asks seldom.
    ///
    /// - Throws: ``ServiceError/unauthenticated(_:)``.
    public func authenticate(_ secret: String) async throws -> PlatformContext {
        guard Self.mayBeKey(secret),
            let (id, scopes) = try await database.run(PlatformStatements.authenticate(PlatformKey.hash(secret)))
        else { throw ServiceError.unauthenticated(.invalid) }
        return PlatformContext(actor: .key(id), scopes: scopes)
    }
}
