public import Foundation
public import Postgres

/// What clients decide of a customer.
public struct CustomerValues: Sendable {
    public var kind: Customer.Kind = .person
    public var stage: Customer.Stage = .potential
    /// Why the relationship came to this stage.
    public var stageReason: String?
    /// The customer's number in the system that the tenant keeps them in.
    public var reference: String?
    /// The customer's numbers in other systems, by their names; unique in each.
    public var references: [String: String] = [:]
    public var name: String
    /// The name in other scripts, by ISO 15924 code.
    public var names: [String: String] = [:]
    public var birthDate: LocalDate?
    /// ISO 639 code of the language that the customer is written to in; `nil` for the tenant's own.
    public var language: String?
    /// `nil` for the tenant's own.
    public var timeZone: String?
    public var organisationID: Customer.ID?
    public var ownerID: Member.ID?
    /// How the customer came to the business, such as a fair or an advertisement.
    public var source: String?
    public var acquisitionCost: Money?
    public var marketIDs: [Market.ID] = []
    public var tags: [String] = []
    public var attributes: [String: JSONNode] = [:]
    public var contactPoints: [ContactPoint] = []

    public init(name: String) { self.name = name }
}

extension CustomerValues {
    public static let kind = Customer.kind
    public static let schemaName = Customer.schemaName

    public static var example: CustomerValues {
        var values = CustomerValues(name: "مینا کریمی")
        values.stage = .actual
        values.stageReason = "first order"
        values.reference = "B-1"
        values.references = ["shop": "10077"]
        values.names = ["Latn": "Mina Karimi"]
        values.birthDate = LocalDate("1990-03-21")
        values.language = "fa"
        values.timeZone = "Asia/Tehran"
        values.organisationID = Example.id(7)
        values.ownerID = Example.id(7)
        values.source = "book fair"
        values.acquisitionCost = Money(amount: 2, currency: "GBP")
        values.marketIDs = [Example.id(7)]
        values.tags = ["poetry"]
        values.attributes = ["club": .string("gold")]
        values.contactPoints = [.example]
        return values
    }

    public func members(_ json: inout JSONWriter) {
        json.member("kind", kind, "Whether it is one person or an organisation.")
        json.member("stage", stage, "How far the relationship has come.")
        json.member("stage_reason", stageReason, "Why it came to this stage.", isPersonal: true)
        json.member(
            "reference", reference, "The customer's number in the system that the business keeps them in.",
            isPersonal: true)
        json.member(
            "references", references, "The customer's numbers in other systems, by the systems' names.",
            isPersonal: true)
        json.member("name", name, "The name.", isPersonal: true)
        json.member("names", names, "The name in other scripts, by ISO 15924 code.", isPersonal: true)
        json.member(
            "birth_date", birthDate, "When the customer was born, or the organisation founded.", isPersonal: true)
        json.member("language", language ?? "", "ISO 639 code of the language that the customer is written to in.")
        json.member("time_zone", timeZone, "IANA name; null for the business's own.")
        json.member("organisation_id", organisationID, "The organisation that the person belongs to.")
        json.member("owner_id", ownerID, "The member who looks after the customer.")
        json.member("source", source, "How the customer came to the business.")
        json.member("acquisition_cost", acquisitionCost, "What it cost to win the customer.")
        json.member("market_ids", marketIDs, "The markets that the customer belongs to.")
        json.member("tags", tags, "Words by which the business finds the customer.", isPersonal: true)
        json.member("attributes", attributes, "What the business notes of its own.", isPersonal: true)
        json.member("contact_points", contactPoints, "How to reach the customer, by channel.", isPersonal: true)
    }

    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        CustomerRules.name.check(name, "/name", into: &errors)
        CustomerRules.check(
            names, "/names", CustomerRules.script, CustomerRules.name, CustomerRules.maximumNames, &errors)
        if let stageReason { CustomerRules.stageReason.check(stageReason, "/stage_reason", into: &errors) }
        if let reference { CustomerRules.reference.check(reference, "/reference", into: &errors) }
        CustomerRules.check(
            references, "/references", CustomerRules.system, CustomerRules.reference, CustomerRules.maximumReferences,
            &errors)
        if let birthDate, !CustomerRules.isBirthDate(birthDate) {
            errors.append(FieldError("/birth_date", "range", "From 1800-01-01 to today."))
        }
        if let language { TextRule.language.check(language, "/language", into: &errors) }
        if let timeZone { TextRule.timeZone.check(timeZone, "/time_zone", into: &errors) }
        if let source { CustomerRules.source.check(source, "/source", into: &errors) }
        errors.check(acquisitionCost, "/acquisition_cost")
        if kind == .organisation, organisationID != nil {
            errors.append(FieldError("/organisation_id", "not_allowed", "Only persons belong to organisations."))
        }
        CustomerRules.check(unique: marketIDs, "/market_ids", atMost: CustomerRules.maximumMarkets, &errors)
        CustomerRules.check(unique: tags, "/tags", atMost: CustomerRules.maximumTags, &errors)
        for (index, tag) in tags.enumerated() { CustomerRules.tag.check(tag, "/tags/\(index)", into: &errors) }
        CustomerRules.check(contactPoints, into: &errors)
        CustomerRules.check(attributes: attributes, into: &errors)
        return errors
    }

    /// Whether something of the customer stands in tables that find customers by it.
    var hasParts: Bool { !references.isEmpty || !marketIDs.isEmpty || !tags.isEmpty }

    func hasOtherParts(than old: CustomerValues) -> Bool {
        references != old.references || marketIDs != old.marketIDs || tags != old.tags
    }

    /// The objects that the customer is linked to and was not before.
    func links(after old: CustomerValues?) -> [ObjectLink] {
        let known = Set(old?.marketIDs ?? [])
        let markets = marketIDs.enumerated().filter { !known.contains($0.element) }.map { index, market in
            (pointer: "/market_ids/\(index)", id: market.rawValue)
        }
        return [
            ObjectLink(
                .organisation, "/organisation_id", from: old?.organisationID?.rawValue, to: organisationID?.rawValue),
            ObjectLink(.member, "/owner_id", from: old?.ownerID?.rawValue, to: ownerID?.rawValue),
            markets.isEmpty ? nil : ObjectLink(.market, markets),
        ].compactMap(\.self)
    }
}
