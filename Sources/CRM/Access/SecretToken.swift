import Crypto
import Foundation
public import Postgres

/// A secret that arrives without a session: the tenant's public id, then 128 random bits, both in base 32 (26 letters each).
///
/// The public id lets the secret be looked up under row level security. Only the SHA-256 of the random part is stored.
public struct SecretToken: Sendable {
    public let tenantID: Tenant.ID
    private let secret: [UInt8]

    public static func make(for tenant: Tenant.ID) -> SecretToken {
        var generator = SystemRandomNumberGenerator()
        return SecretToken(tenantID: tenant, secret: (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    private init(tenantID: Tenant.ID, secret: [UInt8]) {
        self.tenantID = tenantID
        self.secret = secret
    }

    /// `nil` when the text cannot be a token.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 52, let tenant = Base32.decode(text.prefix(26)), tenant.count == 16,
            let secret = Base32.decode(text.suffix(26)), secret.count == 16,
            let id = tenant.withUnsafeBytes({ UUID.decode($0, as: .uuid) })
        else { return nil }
        self.init(tenantID: Tenant.ID(rawValue: id), secret: secret)
    }

    public var text: String {
        var tenant: [UInt8] = []
        tenantID.rawValue.encode(into: &tenant)
        return Base32.encode(tenant) + Base32.encode(secret)
    }

    /// What is stored of it.
    public var hash: Bytes { Bytes(Array(SHA256.hash(data: secret))) }
}
