import CRM

extension NewSegment: JSONBody {
    static let schemaName = "NewSegment"
    static let schemaDescription = "The values of a new segment."
    static let example = """
        {"name": "Repeat buyers", "kind": "rule", "rule": {"all": [
         {"field": "orders.count", "op": "gte", "value": 2}, {"field": "stage", "op": "eq", "value": "actual"}]}}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other segment has."),
            kind: reader.requiredChoice(
                "kind", else: .manual, "Whether customers are listed by hand or found by a rule."),
            rule: reader.node(
                "rule", .map(of: .anything),
                "The condition of a rule segment: a tree of all, any and not over comparisons."))
    }
}

/// Customers that are put into a manual segment.
struct NewMembers: JSONBody {
    static let schemaName = "NewMembers"
    static let schemaDescription = "Customers that are put into a manual segment."
    static let example = #"{"customer_ids": ["019aab50-c4c0-7000-8000-000000000001"]}"#

    let customers: [Customer.ID]

    init(_ reader: inout BodyReader) {
        customers = reader.requiredIdentifiers("customer_ids", count: 1...1000, "The customers.")
    }
}
