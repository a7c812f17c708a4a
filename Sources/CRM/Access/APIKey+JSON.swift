extension APIKey: Resource {
    public static let kind = "key"
    public static let schemaName = "APIKey"
    public static let schemaDescription = "A client's key, without its secret."
    public static var example: APIKey {
        APIKey(
            id: Example.id(), name: "web shop", prefix: "mhv_0cvjn1k8hg7w3s0000000000000000",
            scopes: [.customersRead], expiresAt: nil, revokedAt: nil, lastUsedAt: Example.later, previousUntil: nil,
            createdByKind: .member, createdBy: Example.uuid, version: 1, createdAt: Example.time,
            updatedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The key's id.")
        json.member("name", name, "What the key is for.")
        json.member("prefix", prefix, "The first letters of the key, by which people recognise it.")
        json.member("scopes", scopes, "What it may do.")
        json.member("expires_at", expiresAt, "When it ends on its own.")
        json.member("revoked_at", revokedAt, "When it was revoked.")
        json.member("last_used_at", lastUsedAt, "When it was last used, to the minute.")
        json.member(
            "previous_until", previousUntil, "Until when the secret of before the last rotation is good too.")
        json.member(
            "created_by_kind", createdByKind, "What kind of caller made it; null where that was not noted.")
        json.member(
            "created_by", createdBy,
            "Which member or key made it; null for the command line. The key goes on when that one has gone.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension IssuedKey: Resource {
    public static let kind = APIKey.kind
    public static let schemaName = "IssuedKey"
    public static let schemaDescription = "A key with its secret, which is shown this once."
    public static var example: IssuedKey {
        IssuedKey(key: .example, secret: "mhv_0cvjn1k8hg7w3s0000000000000000…")
    }
    public var id: ID { ID(rawValue: key.id.rawValue) }
    public var version: Int { key.version }

    public func members(_ json: inout JSONWriter) {
        key.members(&json)
        json.member(
            "secret", secret, "What requests carry: Authorization: Bearer mhv_…. Keep it; it is not shown again.")
    }
}
