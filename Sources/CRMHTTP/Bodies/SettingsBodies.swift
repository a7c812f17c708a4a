import CRM

extension SettingsChanges: PatchBody {
    static let schemaName = "SettingsChanges"
    static let schemaDescription = "What a merge patch changes of the settings; lists are replaced whole."
    static let example = #"{"quarantine_days": 60, "working_days": ["saturday", "sunday", "monday"], "reply_to": null}"#

    init(_ reader: inout BodyReader) {
        self.init()
        name = reader.text("name", SettingsRules.name, "The business's name as its customers see it.")
        locale = reader.text("locale", SettingsRules.locale, "BCP 47 tag of the business's own language.")
        timeZone = reader.text("time_zone", .timeZone, "IANA name.")
        calendar = reader.choice("calendar", "The calendar in which people are shown dates.")
        workingDays = reader.choices("working_days", "The days on which the business works.")
        currency = reader.text("currency", .currency, "ISO 4217 code.")
        senderName = reader.text("sender_name", SettingsRules.senderName, "The name that mails come from.")
        senderAddress = reader.text("sender_address", SettingsRules.email, "The address that mails come from.")
        replyTo = reader.removableText("reply_to", SettingsRules.email, "The address that answers to mails go to.")
        quarantineDays = reader.integer(
            "quarantine_days", in: SettingsRules.quarantineDays, "Days in which a customer is invited at most once.")
        consentRequired = reader.flag(
            "consent_required", "Whether only customers that consented are written to.")
        minimumAnswers = reader.integer(
            "minimum_answers", in: SettingsRules.minimumAnswers, "Scores of fewer answers are withheld.")
        allowedOrigins = reader.texts(
            "allowed_origins", SettingsRules.origin, atMost: SettingsRules.maximumOrigins,
            "Whose pages may call the API from a browser.")
        requestsPerSecond = reader.integer(
            "requests_per_second", in: SettingsRules.requestsPerSecond,
            "Most requests of all keys together, on one server.")
        keyRequestsPerSecond = reader.integer(
            "key_requests_per_second", in: SettingsRules.requestsPerSecond, "Most requests of one key, on one server.")
    }
}
