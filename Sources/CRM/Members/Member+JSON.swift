extension Member: Resource {
    public static let kind = "member"
    public static let schemaName = "Member"
    public static let schemaDescription = "A person who works for the business and signs in."
    public static var example: Member {
        Member(
            id: Example.id(), name: "سارا رضایی", email: "sara@bazaar.example", language: "fa", roles: [.manager],
            joinedAt: Example.time, lastSignInAt: Example.later, version: 2, createdAt: Example.time,
            updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The member's id.")
        json.member("name", name, "The name.", isPersonal: true)
        json.member("email", email, "What the member signs in with.", isPersonal: true)
        json.member("language", language, "ISO 639 code of the language that the member is written to in.")
        json.member("roles", roles, "What the member is to the business; permissions are those of all roles together.")
        json.member("joined_at", joinedAt, "When the member chose a password; null while the invitation is open.")
        json.member("last_sign_in_at", lastSignInAt, "When the member signed in last.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}
