import CRM

extension NewCustomer: JSONBody {
    static let schemaName = "NewCustomer"
    static let schemaDescription = "The values of a new customer."
    static let example = """
        {"name": "مینا کریمی", "reference": "B-1", "language": "fa", "attributes": {"club": "gold"},
         "contact_points": [{"channel": "email", "address": "mina@readers.example", "is_primary": true}]}
        """

    init(_ reader: inout BodyReader) {
        self.init(name: reader.requiredText("name", CustomerRules.name, "The name."))
        kind = reader.choice("kind", "Whether it is one person or an organisation; person by default.") ?? .person
        stage = reader.choice("stage", "How far the relationship has come; potential by default.") ?? .potential
        reference = reader.text(
            "reference", CustomerRules.reference, "The customer's number in the system that the business keeps them in."
        )
        language = reader.text("language", .language, "The language to write in; the business's own by default.")
        timeZone = reader.text("time_zone", .timeZone, "Null for the business's own.")
        attributes = reader.attributes("attributes", "What the business notes of its own.") ?? [:]
        contactPoints = reader.contactPoints("How to reach the customer.") ?? []
    }
}

extension CustomerChanges: PatchBody {
    static let schemaName = "CustomerChanges"
    static let schemaDescription = "What a merge patch changes of a customer."
    static let example = #"{"stage": "actual", "attributes": {"club": null, "city": "Shiraz"}}"#

    init(_ reader: inout BodyReader) {
        self.init()
        name = reader.text("name", CustomerRules.name, "The name.")
        kind = reader.choice("kind", "Whether it is one person or an organisation.")
        stage = reader.choice("stage", "How far the relationship has come.")
        reference = reader.removableText(
            "reference", CustomerRules.reference, "The customer's number in the system that the business keeps them in."
        )
        language = reader.text("language", .language, "The language to write in.")
        timeZone = reader.removableText("time_zone", .timeZone, "Null for the business's own.")
        attributes = reader.attributes("attributes", "Merged into those that are there; null removes one.")
        contactPoints = reader.contactPoints("All of them: those that are not named go.")
    }
}

extension BodyReader {
    fileprivate mutating func contactPoints(_ description: String) -> [ContactPoint]? {
        objects("contact_points", count: 0...CustomerRules.maximumContactPoints, description) { reader in
            ContactPoint(
                channel: reader.requiredChoice("channel", else: .email, "How it is reached."),
                address: reader.requiredText(
                    "address", CustomerRules.address,
                    "An e-mail address, a telephone number of 4 to 15 digits, or a postal address."),
                isPrimary: reader.flag("is_primary", "Whether it is the one that is used; at most one of a channel.")
                    ?? false)
        }
    }
}
