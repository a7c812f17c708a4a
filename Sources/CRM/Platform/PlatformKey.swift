import Crypto
public import Foundation
import Postgres

/// A key of the platform API: it opens no tenant's data, but their beginning and their end. The secret is shown once.
public struct PlatformKey: Sendable {
    public typealias ID = Identifier<PlatformKey>

    public let id: ID
    public let name: String
    public let prefix: String
    public let scopes: [PlatformScope]
    public let expiresAt: Date?
    public let revokedAt: Date?
    public let lastUsedAt: Date?
    public let createdAt: Date

    /// What every key begins with, so that secret scanners find it.
    static let marker = "mhp_"

    /// 128 random bits.
    static func makeSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return marker + Base32.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// What is stored of a secret, which needs no slow hash.
    static func hash(_ secret: String) -> Bytes { Bytes(Array(SHA256.hash(data: Data(secret.utf8)))) }
}

extension PlatformKey: JSONObject {
    public static let schemaName = "PlatformKey"
    public static let schemaDescription = "A key of the platform API, without its secret."
    public static var example: PlatformKey {
        PlatformKey(
            id: Example.id(), name: "billing", prefix: "mhp_0cvj", scopes: [.tenantsRead], expiresAt: nil,
            revokedAt: nil, lastUsedAt: Example.later, createdAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The key's id.")
        json.member("name", name, "What the key is for.")
        json.member("prefix", prefix, "The first letters of the key, by which people recognise it.")
        json.member("scopes", scopes, "What it may do.")
        json.member("expires_at", expiresAt, "When it ends on its own.")
        json.member("revoked_at", revokedAt, "When it was revoked.")
        json.member("last_used_at", lastUsedAt, "When it was last used, to the minute.")
        json.member("created_at", createdAt, "When it was made.")
    }
}
