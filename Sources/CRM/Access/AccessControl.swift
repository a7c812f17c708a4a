public import Foundation
public import Logging

/// Who is let in: what the parts that answer that have in common within one process.
public struct AccessControl: Sendable {
    public let tokens: AccessTokens
    public let authenticator: Authenticator
    public let hasher: PasswordHasher
    public let trustedProxies: [NetworkRange]

    /// - Parameters:
    ///   - signingKeys: the file of ``SigningKeys``; `nil` for a key that ends with the process.
    ///   - lifetime: how long answers of the authentication are kept.
    ///   - cost: of the hashes of new passwords.
    /// - Throws: ``SigningKeysError``.
    public init(
        database: Database, signingKeys: URL? = nil, cost: PasswordHasher.Cost = .standard,
        trustedProxies: [NetworkRange] = [], remembering lifetime: Duration = Authenticator.lifetime,
        logger: Logger? = nil
    ) async throws {
        tokens = try await AccessTokens(file: signingKeys, logger: logger)
        authenticator = Authenticator(database: database, tokens: tokens, remembering: lifetime)
        hasher = PasswordHasher(cost: cost)
        self.trustedProxies = trustedProxies
    }
}
