public import Foundation

/// A client's key. The secret itself is shown once, when the key is made.
public struct APIKey: Sendable {
    public typealias ID = Identifier<APIKey>

    public let id: ID
    public let name: String
    /// The first letters of the key, by which people recognise it.
    public let prefix: String
    public let scopes: [Scope]
    public let createdAt: Date
    public let expiresAt: Date?
    public let revokedAt: Date?
    public let lastUsedAt: Date?

    /// What every key begins with, so that secret scanners find it.
    static let marker = "mhv_"
}
