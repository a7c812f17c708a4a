import CRM

extension NewTenant: JSONBody {
    static let schemaName = "NewTenant"
    static let schemaDescription = "What a new tenant starts with."
    static let example = #"{"slug": "bazaar", "name": "Bazaar Books", "sender_address": "hello@bazaar.example"}"#

    init(_ reader: inout BodyReader) {
        self.init(
            slug: reader.requiredText("slug", SettingsRules.slug, "The short name that people sign in with."),
            name: reader.requiredText("name", SettingsRules.name, "The business's name as its customers see it."),
            locale: reader.text("locale", SettingsRules.locale, "BCP 47 tag of its own language; fa by default.")
                ?? "fa",
            timeZone: reader.text("time_zone", .timeZone, "IANA name; Asia/Tehran by default.") ?? "Asia/Tehran",
            calendar: reader.choice("calendar", "The calendar in which people are shown dates; jalali by default.")
                ?? .jalali,
            workingDays: reader.choices(
                "working_days", "Saturday to Wednesday by default where the calendar is jalali, else Monday to Friday."),
            currency: reader.text("currency", .currency, "ISO 4217 code; IRR by default.") ?? "IRR",
            senderName: reader.text(
                "sender_name", SettingsRules.senderName, "The name that mails come from; the business's by default."),
            senderAddress: reader.requiredText(
                "sender_address", SettingsRules.email, "The address that mails come from."))
    }
}

/// The first of a tenant's people, who invites the others.
struct NewOwner: JSONBody {
    static let schemaName = "NewOwner"
    static let schemaDescription = "Who is invited as an owner of the tenant."
    static let example = #"{"name": "سارا رضایی", "email": "sara@bazaar.example", "language": "fa"}"#

    let name: String
    let email: String
    let language: String?

    init(_ reader: inout BodyReader) {
        name = reader.requiredText("name", MemberRules.name, "The name.")
        email = reader.requiredText("email", SettingsRules.email, "What the owner signs in with.")
        language = reader.text("language", .language, "The language to write in; the business's own by default.")
    }
}
