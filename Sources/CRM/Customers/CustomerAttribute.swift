public import Postgres

/// An attribute of its own that the business keeps of customers, and what it may be.
public typealias CustomerAttribute = Record<CustomerAttributeValues>

public struct CustomerAttributeValues: NamedValues {
    public enum Kind: String, JSONChoice { case text, number, boolean, day, choice }

    public static let nameRule = TextRule.matching(
        "[a-z][a-z0-9_]{0,49}", "invalid", "Small letters, digits and _, beginning with a letter, at most 50."
    ) { $0.wholeMatch(of: /[a-z][a-z0-9_]{0,49}/) != nil }
    public static let labelRule = TextRule.words(200)
    public static let choiceRule = TextRule.words(100)
    public static let maximumChoices = 200

    /// The member of a customer's attributes.
    public var name: String
    public var label: String?
    public var type: Kind
    /// Of a choice.
    public var choices: [String]
    public var isRequired: Bool

    public init(
        name: String, label: String? = nil, type: Kind, choices: [String] = [], isRequired: Bool = false
    ) {
        self.name = name
        self.label = label
        self.type = type
        self.choices = choices
        self.isRequired = isRequired
    }

    public static let kind = "customer_attribute"
    public static let schemaName = "CustomerAttribute"
    public static let schemaDescription =
        "An attribute of its own that the business keeps of customers. With the first one, all others are refused."
    public static let readScope = Scope.customersRead
    public static let writeScope = Scope.settingsWrite
    public static let example = CustomerAttributeValues(
        name: "club", label: "Club", type: .choice, choices: ["silver", "gold"])

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        if let label { Self.labelRule.check(label, "/label", into: &errors) }
        CustomerRules.check(unique: choices, "/choices", atMost: Self.maximumChoices, &errors)
        for (index, choice) in choices.enumerated() {
            Self.choiceRule.check(choice, "/choices/\(index)", into: &errors)
        }
        if (type == .choice) == choices.isEmpty {
            errors.append(
                type == .choice
                    ? FieldError("/choices", "required", "What can be chosen.")
                    : FieldError("/choices", "not_allowed", "Only a choice has them."))
        }
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "The member of a customer's attributes, which no other one has.")
        json.member("label", label, "What people call it.")
        json.member("type", type, "What its values are.")
        json.member("choices", choices, "Of a choice: what can be chosen.")
        json.member("is_required", isRequired, "Whether a customer whose attributes are written must have it.")
    }
}

extension CustomerAttributeValues {
    public static let table = RecordTable(
        name: "crm.customer_attribute", columns: ["name", "label", "type", "choices", "is_required"],
        statements: .init(
            find: "customer_attribute.find", list: "customer_attribute.list", insert: "customer_attribute.insert",
            update: "customer_attribute.update", remove: "customer_attribute.remove", lock: "customer_attribute.lock",
            uses: "customer_attribute.uses"),
        uniqueKey: .name("customer_attribute_name_key"))

    public var columns: [SQL] { ["\(name)", "\(label)", "\(type)", "\(choices)", "\(isRequired)"] }

    public init(row: inout RowReader) throws {
        name = try row.next()
        label = try row.nextIfPresent()
        type = try row.next()
        choices = try row.next()
        isRequired = try row.next()
    }
}

extension CustomerAttributeValues.Kind: PostgresEncodable, PostgresDecodable {}
