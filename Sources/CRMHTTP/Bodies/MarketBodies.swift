import CRM

extension MarketValues: RecordBody {
    static let newExample = """
        {"name": "Tehran", "parent_id": "019aab50-c4c0-7000-8000-000000000007", "customer_estimate": 90000,
         "yearly_value": {"amount": "4500000", "currency": "GBP"}}
        """
    static let changesExample =
        #"{"parent_id": "019aab50-c4c0-7000-8000-000000000007", "customer_estimate": 120000, "yearly_value": null}"#

    init(_ reader: inout BodyReader) {
        let parent: Market.ID? = reader.identifier("parent_id", "The main market; null for one.")
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other market has."),
            parentID: parent?.rawValue,
            customerEstimate: reader.integer(
                "customer_estimate", in: Self.customers, "How many customers there are, whoever serves them."),
            yearlyValue: reader.object("yearly_value", "What they spend in a year, with whomever.") { $0.money() })
    }
}
