import Foundation
import Postgres
import Synchronization

/// Turns the key of a request into a context. Answers are kept for 5 seconds, so a revocation takes effect within them.
public final class Authenticator: Sendable {
    private struct Entry {
        let caller: AuthenticatedCaller
        let until: ContinuousClock.Instant
    }

    private static let lifetime = Duration.seconds(5)
    private static let capacity = 10_000

    private let database: Database
    private let known = Mutex<[String: Entry]>([:])

    public init(database: Database) { self.database = database }

    /// The context of the key's tenant.
    ///
    /// - Throws: ``ServiceError/unauthenticated`` for a key that is malformed, unknown, expired or revoked;
    ///   ``ServiceError/tenantSuspended``.
    public func authenticate(key: String) async throws -> AuthenticatedCaller {
        let now = ContinuousClock.now
        if let entry = known.withLock({ $0[key] }), entry.until > now { return entry.caller }
        guard key.hasPrefix(APIKey.marker), let token = SecretToken(key.dropFirst(APIKey.marker.count)) else {
            throw ServiceError.unauthenticated
        }
        guard let credential = try await database.resolve(in: token.tenantID, APIKeyStatements.authenticate(token)),
            credential.isValid
        else { throw ServiceError.unauthenticated }
        guard credential.tenantState == .active else { throw ServiceError.tenantSuspended }
        let context = TenantContext(
            tenantID: token.tenantID, actor: .key(credential.id), scopes: credential.scopes, requestID: nil)
        _ = try await database.run(context, APIKeyStatements.touch(token.tenantID, credential.id))
        let remaining = credential.expiresAt.map { Duration.seconds(max(0, $0.timeIntervalSinceNow)) } ?? Self.lifetime
        let caller = AuthenticatedCaller(context: context, terms: credential.terms)
        remember(key, Entry(caller: caller, until: now + min(Self.lifetime, remaining)), now)
        return caller
    }

    private func remember(_ key: String, _ entry: Entry, _ now: ContinuousClock.Instant) {
        known.withLock { known in
            if known.count >= Self.capacity { known = known.filter { $0.value.until > now } }
            if known.count < Self.capacity { known[key] = entry }
        }
    }
}
