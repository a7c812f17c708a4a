public import Foundation

/// A client's key. The secret itself is shown once, when the key is made or rotated.
public struct APIKey: Sendable {
    public typealias ID = Identifier<APIKey>

    public let id: ID
    public let name: String
    /// The first letters of the key, by which people recognise it.
    public let prefix: String
    public let scopes: [Scope]
    public let expiresAt: Date?
    public let revokedAt: Date?
    public let lastUsedAt: Date?
    /// Until when the secret of before the last rotation is good too.
    public let previousUntil: Date?
    /// What kind of caller made it; `nil` where that was not noted.
    public let createdByKind: AuditEntry.ActorKind?
    /// Which member or key made it, who may be gone by now.
    public let createdBy: UUID?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date

    /// What every key begins with, so that secret scanners find it.
    static let marker = "mhv_"
}

/// A key with its secret: the one time that it is shown.
public struct IssuedKey: Sendable {
    public typealias ID = Identifier<IssuedKey>

    public let key: APIKey
    public let secret: String
}

/// What a new key may do, and for how long.
public struct NewKey: Sendable {
    public var name: String
    public var scopes: [Scope]
    public var expiresAt: Date?

    public init(name: String, scopes: [Scope], expiresAt: Date? = nil) {
        self.name = name
        self.scopes = scopes
        self.expiresAt = expiresAt
    }
}

/// What values a key may have.
public enum KeyRules {
    public static let name = TextRule.words(200)
    /// Hours for which the old secret of a rotated key stays good.
    public static let overlapHours = 0...(30 * 24)
    public static let usualOverlapHours = 24
}

extension NewKey {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        KeyRules.name.check(name, "/name", into: &errors)
        if scopes.isEmpty { errors.append(FieldError("/scopes", "required", "At least one scope.")) }
        if Set(scopes).count < scopes.count { errors.append(FieldError("/scopes", "duplicate", "Each scope once.")) }
        if let expiresAt, expiresAt <= Date() { errors.append(FieldError("/expires_at", "past", "Lies in the past.")) }
        return errors
    }
}
