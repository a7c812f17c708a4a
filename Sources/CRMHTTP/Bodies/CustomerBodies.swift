import CRM
import Foundation

extension CustomerValues: WholeBody {
    static let spoken = "customer"
    static let newExample = """
        {"name": "مینا کریمی", "names": {"Latn": "Mina Karimi"}, "reference": "B-1", "references": {"shop": "10077"},
         "language": "fa", "birth_date": "1990-03-21", "source": "book fair",
         "acquisition_cost": {"amount": "2", "currency": "GBP"}, "tags": ["poetry"], "attributes": {"club": "gold"},
         "organisation_id": "019aab50-c4c0-7000-8000-000000000007", "owner_id": "019aab50-c4c0-7000-8000-000000000007",
         "market_ids": ["019aab50-c4c0-7000-8000-000000000007"],
         "contact_points": [{"channel": "email", "address": "mina@readers.example", "is_primary": true, "type": "home"}]}
        """
    static let changesExample = """
        {"stage": "lost", "stage_reason": "moved away", "names": {"Latn": null}, "attributes": {"club": null, "city": "Shiraz"},
         "owner_id": "019aab50-c4c0-7000-8000-000000000007"}
        """

    init(_ reader: inout BodyReader) {
        self.init(name: reader.requiredText("name", CustomerRules.name, "The name."))
        names =
            reader.texts(
                "names", by: CustomerRules.script, CustomerRules.name, atMost: CustomerRules.maximumNames,
                "The name in other scripts, by ISO 15924 code.") ?? [:]
        kind = reader.choice("kind", or: .person, "Whether it is one person or an organisation; person by default.")
        stage = reader.choice("stage", or: .potential, "How far the relationship has come; potential by default.")
        stageReason = reader.text("stage_reason", CustomerRules.stageReason, "Why it came to this stage.")
        reference = reader.text(
            "reference", CustomerRules.reference, "The customer's number in the system that the business keeps them in."
        )
        references =
            reader.texts(
                "references", by: CustomerRules.system, CustomerRules.reference,
                atMost: CustomerRules.maximumReferences,
                "The customer's numbers in other systems, by the systems' names; unique in each.") ?? [:]
        birthDate = reader.day("birth_date", "When the customer was born, or the organisation founded.")
        language = reader.text("language", .language, "The language to write in; the business's own by default.")
        timeZone = reader.text("time_zone", .timeZone, "Null for the business's own.")
        organisationID = reader.identifier(
            "organisation_id", of: "organisation", "The organisation that the person belongs to.")
        ownerID = reader.identifier("owner_id", "The member who looks after the customer.")
        source = reader.text("source", CustomerRules.source, "How the customer came to the business.")
        acquisitionCost = reader.object("acquisition_cost", "What it cost to win the customer.") { $0.money() }
        marketIDs =
            reader.identifiers(
                "market_ids", count: 0...CustomerRules.maximumMarkets, "The markets that the customer belongs to.")
            ?? []
        tags =
            reader.texts(
                "tags", CustomerRules.tag, atMost: CustomerRules.maximumTags,
                "Words by which the business finds the customer.") ?? []
        attributes = reader.attributes("attributes", "What the business notes of its own.") ?? [:]
        contactPoints = reader.contactPoints("How to reach the customer.") ?? []
    }

    /// A reason is that of one change, and does not stay for the next.
    static func completing(_ patch: [String: JSONNode], of present: [String: JSONNode]) -> [String: JSONNode] {
        guard let stage = patch["stage"], stage != present["stage"], patch["stage_reason"] == nil else { return patch }
        return patch.merging(["stage_reason": .null]) { $1 }
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
                    ?? false, type: reader.choice("type", "What the customer uses it for."),
                verifiedAt: reader.time(
                    "verified_at", "When it was found to reach the customer; null when nobody knows."))
        }
    }
}
