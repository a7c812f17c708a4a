import CRM

struct SignIn: JSONBody {
    static let schemaName = "SignIn"
    static let schemaDescription = "Who signs in, where."
    static let example = #"{"tenant": "bazaar", "email": "sara@bazaar.example", "password": "correct horse battery"}"#

    let tenant: String
    let email: String
    let password: String

    init(_ reader: inout BodyReader) {
        tenant = reader.requiredText("tenant", .bounded(63), "The business's short name.")
        email = reader.requiredText("email", .bounded(254), "The member's address.")
        password = reader.requiredText("password", .bounded(MemberRules.longestPassword), "The member's password.")
    }
}

struct Refresh: JSONBody {
    static let schemaName = "Refresh"
    static let schemaDescription = "The token that gets the next pair."
    static let example = #"{"refresh_token": "mhr_0cvjn1k8hg7w3s0000000000000000000000000000000000000000"}"#

    let token: String

    init(_ reader: inout BodyReader) {
        token = reader.requiredText("refresh_token", .bounded(200), "As signing in or the last refresh gave it.")
    }
}

struct SignOut: JSONBody {
    static let schemaName = "SignOut"
    static let schemaDescription = "What of the member's sessions ends."
    static let example = #"{"everywhere": true}"#
    static let mayBeLeftOut = true

    let isEverywhere: Bool

    init(_ reader: inout BodyReader) {
        isEverywhere =
            reader.flag("everywhere", "Whether the member's other sessions end too; not by default.") ?? false
    }
}

struct PasswordChange: JSONBody {
    static let schemaName = "PasswordChange"
    static let schemaDescription = "Another password for the member who asks."
    static let example = #"{"current_password": "correct horse battery", "new_password": "staple and more"}"#

    let current: String
    let new: String

    init(_ reader: inout BodyReader) {
        current = reader.requiredText(
            "current_password", .bounded(MemberRules.longestPassword), "The password as it is now.")
        new = reader.requiredText("new_password", MemberRules.password, "The password from now on.")
    }
}

struct ResetRequest: JSONBody {
    static let schemaName = "ResetRequest"
    static let schemaDescription = "Whose password was forgotten."
    static let example = #"{"tenant": "bazaar", "email": "sara@bazaar.example"}"#

    let tenant: String
    let email: String

    init(_ reader: inout BodyReader) {
        tenant = reader.requiredText("tenant", .bounded(63), "The business's short name.")
        email = reader.requiredText("email", .bounded(254), "The member's address.")
    }
}

struct PasswordChoice: JSONBody {
    static let schemaName = "PasswordChoice"
    static let schemaDescription = "A password, chosen by the link of a mail."
    static let example =
        #"{"token": "0cvjn1k8hg7w3s00000000000000000000000000000000000000", "password": "correct horse battery"}"#

    let token: String
    let password: String

    init(_ reader: inout BodyReader) {
        token = reader.requiredText("token", .bounded(200), "What stands behind the last slash of the link.")
        password = reader.requiredText("password", MemberRules.password, "The password from now on.")
    }
}

extension TextRule {
    /// Anything that is not longer: what is looked up, and found or not.
    fileprivate static func bounded(_ longest: Int) -> TextRule {
        TextRule(.string.length(1...longest), "length", "1 to \(longest) characters.") {
            (1...longest).contains($0.unicodeScalars.count)
        }
    }
}
