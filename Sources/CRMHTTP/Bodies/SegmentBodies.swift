import CRM

extension SegmentValues: WholeBody {
    static let schemaName = Segment.schemaName
    static let spoken = "segment"
    static let newExample = """
        {"name": "Repeat buyers", "kind": "rule", "rule": {"all": [
         {"field": "orders.count", "op": "gte", "value": 2, "last_days": 365}, {"field": "stage", "op": "eq", "value": "actual"},
         {"not": {"field": "markets", "op": "in", "value": ["019aab50-c4c0-7000-8000-000000000001"]}}]}}
        """
    static let changesExample = """
        {"description": "For the loyalty programme.", "rule": {"field": "orders.amount", "op": "gte", "value": "1000000"}}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other segment has."),
            description: reader.text("description", Self.descriptionRule, "What it is for."),
            kind: reader.requiredChoice(
                "kind", else: .manual, "Whether customers are listed by hand or found by a rule. It stays as it is."),
            rule: reader.node("rule", .map(of: .anything), Self.ruleDescription))
    }

    static let ruleDescription: String = """
        The condition of a rule segment: a tree of {"all": […]}, {"any": […]} and {"not": …} over comparisons \
        {"field": …, "op": …, "value": …}. What fields, operators and values there are stands in the chapter on segments.
        """

    /// Parts of two rules would make no sense together.
    static let replacedWhole: Set<String> = ["rule"]
}

/// A rule that is tried.
struct PreviewedRule: JSONBody {
    static let schemaName = "PreviewedRule"
    static let schemaDescription = "A rule that is tried."
    static let example = #"{"rule": {"field": "stage", "op": "in", "value": ["potential", "lost"]}}"#

    let rule: JSONNode

    init(_ reader: inout BodyReader) {
        rule = reader.required("rule", .map(of: .anything), SegmentValues.ruleDescription, else: .null) { node, _ in
            node
        }
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
