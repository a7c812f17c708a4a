extension APIKey: JSONObject {
    public static let schemaName = "APIKey"
    public static let schemaDescription = "A client's key, without its secret."
    public static var example: APIKey {
        APIKey(
            id: Example.id(), name: "laptop", prefix: "mhv_0cvjn1k8hg7w3s0000000000000000",
            scopes: [.customersRead], createdAt: Example.time, expiresAt: nil, revokedAt: nil, lastUsedAt: Example.later
        )
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The key's id.")
        json.member("name", name, "What the key is for.")
        json.member("prefix", prefix, "The first letters of the key, by which people recognise it.")
        json.member("scopes", scopes, "What it may do.")
        json.member("created_at", createdAt, "When it was made.")
        json.member("expires_at", expiresAt, "When it ends on its own.")
        json.member("revoked_at", revokedAt, "When it was revoked.")
        json.member("last_used_at", lastUsedAt, "When it was last used, to the minute.")
    }
}
