extension Tenant: Resource {
    public static let kind = "tenant"
    public static let schemaName = "Tenant"
    public static let schemaDescription = "One business on the deployment."
    public static var example: Tenant {
        Tenant(
            id: Example.id(), slug: "bazaar", name: "Bazaar Books", state: .active, suspendedAt: nil, eraseAfter: nil,
            version: 1, createdAt: Example.time, updatedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The tenant's id.")
        json.member("slug", slug, "The short name that people sign in with.")
        json.member("name", name, "The business's name as its customers see it.")
        json.member(
            "state", state,
            "Whether it can be used: deleting until erase_after, and then erasing until nothing of it is left.")
        json.member("suspended_at", suspendedAt, "Since when it is suspended.")
        json.member(
            "erase_after", eraseAfter, "When everything of it is erased; until then that can be cancelled.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}
