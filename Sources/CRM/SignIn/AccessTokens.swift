public import Foundation
import JWTKit
public import Logging
import Synchronization

/// Signs and reads access tokens: JSON Web Tokens (RFC 7519) that name a member's session for a quarter of an hour.
///
/// The file of keys is looked at every few seconds, so that a key is rotated without a restart.
public final class AccessTokens: Sendable {
    public static let lifetime = Duration.seconds(900)
    private static let issuer = "mehvar"
    private static let interval = Duration.seconds(5)

    private struct Loaded: Sendable {
        var keys: JWTKeyCollection
        var first: JWKIdentifier
        var kids: Set<String>
        var changed: Date?
        var lookedAt: ContinuousClock.Instant
    }

    private let file: URL?
    private let logger: Logger?
    private let loaded: Mutex<Loaded>

    /// - Parameters:
    ///   - file: of ``SigningKeys``; `nil` for one key that ends with the process.
    ///   - logger: hears of a file that cannot be used any more.
    /// - Throws: ``SigningKeysError``.
    public init(file: URL?, logger: Logger? = nil) async throws {
        self.file = file
        self.logger = logger
        // Looked at before it is read: what changes in between is read again.
        let changed = file.flatMap(Self.changed)
        let keys = try file.map { try SigningKeys(file: $0) } ?? .random()
        loaded = Mutex(await Self.load(keys, changed: changed))
    }

    /// Whose session a token is of.
    struct Claims: JWTPayload {
        let iss: IssuerClaim
        let sub: SubjectClaim
        let tid: String
        let sid: String
        let iat: IssuedAtClaim
        let exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) throws {
            guard iss.value == AccessTokens.issuer else {
                throw JWTError.claimVerificationFailure(failedClaim: iss, reason: "another issuer")
            }
        }
    }

    func issue(_ session: Session.ID, of member: Member.ID, in tenant: Tenant.ID, at now: Date) async throws -> String {
        await reload()
        // Some readers take no fractions.
        let now = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let (keys, first) = loaded.withLock { ($0.keys, $0.first) }
        let claims = Claims(
            iss: IssuerClaim(value: Self.issuer), sub: SubjectClaim(value: member.description),
            tid: tenant.description, sid: session.description, iat: IssuedAtClaim(value: now),
            exp: ExpirationClaim(value: now.addingTimeInterval(Self.lifetime / .seconds(1))))
        return try await keys.sign(claims, kid: first)
    }

    struct Subject: Sendable {
        let tenant: Tenant.ID
        let member: Member.ID
        let session: Session.ID
        let expiresAt: Date
    }

    /// What a text turned out to be.
    enum Reading: Sendable {
        case subject(Subject)
        /// A token of ours whose time is over.
        case expired
        /// No token of ours, or one whose key is not believed any more.
        case unknown
    }

    /// Whether a token would open something, if its session is good.
    package func isBelieved(_ token: String, at now: Date) async -> Bool {
        guard case .subject = await read(token, at: now) else { return false }
        return true
    }

    func read(_ token: String, at now: Date) async -> Reading {
        guard token.utf8.count <= 2048 else { return .unknown }
        await reload()
        var (keys, kids) = loaded.withLock { ($0.keys, $0.kids) }
        do {
            // A token without the name of its key would be tried with some key of the collection.
            let header = try DefaultJWTParser().parse(Array(token.utf8), as: Claims.self).header
            guard header.alg == "HS256", let kid = header.kid else { return .unknown }
            if !kids.contains(kid) {
                // Another server may sign with a key already that was put into the file a moment ago.
                await reload(after: .seconds(1))
                (keys, kids) = loaded.withLock { ($0.keys, $0.kids) }
            }
            guard kids.contains(kid) else { return .unknown }
            let claims = try await keys.verify(token, as: Claims.self)
            guard claims.exp.value > now else { return .expired }
            guard let tenant = Tenant.ID(claims.tid), let session = Session.ID(claims.sid),
                let member = Member.ID(claims.sub.value)
            else { return .unknown }
            return .subject(Subject(tenant: tenant, member: member, session: session, expiresAt: claims.exp.value))
        } catch {
            return .unknown
        }
    }

    /// A file that cannot be used any more changes nothing until it can: sessions go on.
    private func reload(after interval: Duration = AccessTokens.interval) async {
        guard let file else { return }
        let isDue = loaded.withLock { loaded in
            guard loaded.lookedAt.duration(to: .now) > interval else { return false }
            loaded.lookedAt = .now
            return true
        }
        guard isDue, let changed = Self.changed(file), changed != loaded.withLock({ $0.changed }) else { return }
        do {
            let fresh = await Self.load(try SigningKeys(file: file), changed: changed)
            loaded.withLock { $0 = fresh }
        } catch {
            logger?.error("the signing keys stay as they were", metadata: ["error": "\(error)"])
        }
    }

    private static func changed(_ file: URL) -> Date? {
        do {
            return try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date
        } catch {
            return nil
        }
    }

    private static func load(_ keys: SigningKeys, changed: Date?) async -> Loaded {
        let collection = JWTKeyCollection()
        for key in keys.keys {
            await collection.add(
                hmac: HMACKey(from: key.secret), digestAlgorithm: .sha256, kid: JWKIdentifier(string: key.kid))
        }
        return Loaded(
            keys: collection, first: JWKIdentifier(string: keys.keys[0].kid), kids: Set(keys.keys.map(\.kid)),
            changed: changed, lookedAt: .now)
    }
}
