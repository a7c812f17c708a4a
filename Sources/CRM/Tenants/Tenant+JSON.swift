extension Tenant: JSONObject {
    public static let schemaName = "Tenant"
    public static let schemaDescription = "One business on the deployment."
    public static var example: Tenant {
        Tenant(id: Example.id(), slug: "bazaar", name: "Bazaar Books", state: .active, createdAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The tenant's id.")
        json.member("slug", slug, "The short name that people sign in with.")
        json.member("name", name, "The business's name as its customers see it.")
        json.member("state", state, "Whether it can be used.")
        json.member("created_at", createdAt, "When it was created.")
    }
}
