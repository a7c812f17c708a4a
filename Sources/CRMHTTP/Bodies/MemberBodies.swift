import CRM
import Foundation

extension NewMember: JSONBody {
    static let schemaName = "NewMember"
    static let schemaDescription = "Who is invited to work for the business."
    static let example = """
        {"name": "سارا رضایی", "email": "sara@bazaar.example", "roles": ["manager"], "language": "fa"}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", MemberRules.name, "The name."),
            email: reader.requiredText("email", SettingsRules.email, "What the member signs in with."),
            language: reader.text("language", .language, "The language to write in; the business's own by default."),
            roles: reader.requiredChoices("roles", "What the member is to the business."))
    }
}

extension MemberChanges: PatchBody {
    static let schemaName = "MemberChanges"
    static let schemaDescription = "What a merge patch changes of a member."
    static let example = #"{"roles": ["manager", "analyst"]}"#

    init(_ reader: inout BodyReader) {
        self.init()
        name = reader.text("name", MemberRules.name, "The name.")
        language = reader.text("language", .language, "The language to write in.")
        roles = reader.choices("roles", "What the member is to the business; all of them.")
    }
}

extension NewKey: JSONBody {
    static let schemaName = "NewKey"
    static let schemaDescription = "What a new key may do."
    static let example = #"{"name": "web shop", "scopes": ["customers:read", "customers:write"]}"#

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", KeyRules.name, "What the key is for."),
            scopes: reader.requiredChoices("scopes", "What it may do; nothing that its maker may not."),
            expiresAt: reader.time("expires_at", "When it ends on its own; never by default."))
    }
}

struct KeyRotation: JSONBody {
    static let schemaName = "KeyRotation"
    static let schemaDescription = "How a key changes its secret."
    static let example = #"{"overlap_hours": 24}"#
    static let mayBeLeftOut = true

    let overlapHours: Int

    init(_ reader: inout BodyReader) {
        overlapHours =
            reader.integer(
                "overlap_hours", in: KeyRules.overlapHours,
                "Hours for which the old secret stays good; \(KeyRules.usualOverlapHours) by default.")
            ?? KeyRules.usualOverlapHours
    }
}
