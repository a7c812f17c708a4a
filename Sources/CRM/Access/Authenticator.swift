import Crypto
import Foundation
import Postgres
import Synchronization

/// Turns the bearer token of a request, a key or a member's access token, into a context.
///
/// Answers are kept for 5 seconds at most; what ends a key or a session drops them at once, where ``AccessSignal`` is heard.
public final class Authenticator: Sendable {
    private struct Entry {
        let caller: AuthenticatedCaller
        let until: ContinuousClock.Instant
    }

    private struct Known {
        var entries: [SHA256Digest: Entry] = [:]
        /// Counts what was dropped, so that an answer that was under way meanwhile is not kept.
        var generation = 0
    }

    public static let lifetime = Duration.seconds(5)
    private static let capacity = 10_000

    private let database: Database
    private let tokens: AccessTokens
    private let lifetime: Duration
    private let known = Mutex(Known())

    init(database: Database, tokens: AccessTokens, remembering lifetime: Duration) {
        self.lifetime = lifetime
        self.database = database
        self.tokens = tokens
    }

    /// The context of the token's tenant.
    ///
    /// - Throws: ``ServiceError/unauthenticated(_:)`` for a token that is malformed, unknown, expired or revoked;
    ///   ``ServiceError/tenantSuspended(forErasure:)``.
    public func authenticate(_ token: String) async throws -> AuthenticatedCaller {
        guard token.utf8.count <= 2048 else { throw ServiceError.unauthenticated(.invalid) }
        let now = ContinuousClock.now
        // Secrets are neither kept nor compared byte by byte.
        let digest = SHA256.hash(data: Array(token.utf8))
        let (entry, generation) = known.withLock { ($0.entries[digest], $0.generation) }
        if let entry, entry.until > now { return entry.caller }
        let (caller, expiresAt) =
            token.hasPrefix(APIKey.marker) ? try await key(token) : try await member(token)
        let remaining = expiresAt.map { Duration.seconds(max(0, $0.timeIntervalSinceNow)) } ?? lifetime
        remember(digest, Entry(caller: caller, until: now + min(lifetime, remaining)), generation, now)
        return caller
    }

    /// Whether it takes the database to find out that the token is wrong.
    public static func isLookedUp(_ token: String) -> Bool {
        token.hasPrefix(APIKey.marker) && SecretToken(token.dropFirst(APIKey.marker.count)) != nil
    }

    private func key(_ text: String) async throws -> (AuthenticatedCaller, expiresAt: Date?) {
        guard let token = SecretToken(text.dropFirst(APIKey.marker.count)) else {
            throw ServiceError.unauthenticated(.invalid)
        }
        guard let credential = try await database.resolve(in: token.tenantID, APIKeyStatements.authenticate(token)),
            credential.isValid, SymmetricKey(data: credential.hash.value) == SymmetricKey(data: token.hash.value)
        else { throw ServiceError.unauthenticated(.invalid) }
        try credential.tenantState.admit()
        let context = TenantContext(
            tenantID: token.tenantID, actor: .key(credential.id), scopes: credential.scopes, requestID: nil)
        _ = try await database.run(context, APIKeyStatements.touch(token.tenantID, credential.id))
        return (AuthenticatedCaller(context: context, terms: credential.terms, session: nil), credential.expiresAt)
    }

    private func member(_ text: String) async throws -> (AuthenticatedCaller, expiresAt: Date?) {
        let subject: AccessTokens.Subject
        switch await tokens.read(text, at: Date()) {
        case .subject(let found): subject = found
        case .expired: throw ServiceError.unauthenticated(.expired)
        case .unknown: throw ServiceError.unauthenticated(.invalid)
        }
        guard
            let live = try await database.resolve(
                in: subject.tenant, SessionStatements.live(subject.tenant, subject.session)),
            live.member == subject.member
        else { throw ServiceError.unauthenticated(.invalid) }
        try live.tenantState.admit()
        let context = TenantContext(
            tenantID: subject.tenant, actor: .member(live.member), scopes: Role.scopes(of: live.roles),
            roles: live.roles, requestID: nil)
        let caller = AuthenticatedCaller(context: context, terms: live.terms, session: subject.session)
        return (caller, min(subject.expiresAt, live.expiresAt))
    }

    private func remember(
        _ digest: SHA256Digest, _ entry: Entry, _ generation: Int, _ now: ContinuousClock.Instant
    ) {
        known.withLock { known in
            guard known.generation == generation else { return }
            if known.entries.count >= Self.capacity { known.entries = known.entries.filter { $0.value.until > now } }
            if known.entries.count < Self.capacity { known.entries[digest] = entry }
        }
    }

    /// Forgets what is known of the callers of a tenant, or of all.
    package func forget(_ tenant: Tenant.ID?) {
        known.withLock { known in
            known.generation += 1
            known.entries = known.entries.filter { tenant != nil && $0.value.caller.context.tenantID != tenant }
        }
    }
}
