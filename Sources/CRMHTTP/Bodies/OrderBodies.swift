import CRM
import Foundation
import Postgres

extension OrderValues: WholeBody {
    static let schemaName = Order.schemaName
    static let spoken = "order"
    static let newExample = """
        {"customer_id": "019aab50-c4c0-7000-8000-000000000007", "ordered_on": "2026-11-22", "currency": "GBP",
         "member_id": "019aab50-c4c0-7000-8000-000000000007", "department_id": "019aab50-c4c0-7000-8000-000000000007",
         "touchpoint_id": "019aab50-c4c0-7000-8000-000000000007", "channel": "web",
         "lines": [{"product_id": "019aab50-c4c0-7000-8000-000000000007", "quantity": 2, "unit_price": "12.50",
            "unit_cost": "7", "sale": "cross_sell"}]}
        """
    static let changesExample = """
        {"reference": "2026-117", "member_id": "019aab50-c4c0-7000-8000-000000000007",
         "department_id": "019aab50-c4c0-7000-8000-000000000007", "touchpoint_id": "019aab50-c4c0-7000-8000-000000000007",
         "customer_id": "019aab50-c4c0-7000-8000-000000000007",
         "lines": [{"product_id": "019aab50-c4c0-7000-8000-000000000007", "unit_price": "12.50"}]}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            customerID: reader.requiredIdentifier("customer_id", "Who bought."),
            orderedOn: reader.requiredDay("ordered_on", "The day, in the shop's books."))
        orderedAt = reader.time("ordered_at", "The moment, where it is known.")
        reference = reader.text(
            "reference", CustomerRules.reference, "The order's number in the system that it comes from.")
        currency = reader.text(
            "currency", .currency, "ISO 4217 code of all its amounts; the business's own by default.")
        amount = reader.optionalAmount("amount", "What it came to; with lines, what those come to.")
        quantity = reader.integer("quantity", in: 1...Int(Int32.max), "How many things it was; with lines, theirs.")
        memberID = reader.identifier("member_id", "Who sold it.")
        departmentID = reader.identifier("department_id", "The department that took it.")
        touchpointID = reader.identifier("touchpoint_id", "Where on the journey it was taken.")
        channel = reader.choice("channel", "On which channel it came.")
        lines =
            reader.objects("lines", count: 0...Self.maximumLines, "What it is made of.") { reader in
                Line(
                    productID: reader.identifier("product_id", "What was sold."),
                    description: reader.text("description", Self.descriptionRule, "What was sold, in words."),
                    quantity: reader.integer("quantity", in: Self.quantities, "How many; 1 by default.") ?? 1,
                    unitPrice: reader.optionalAmount(
                        "unit_price", "What one was sold for; the product's price by default."),
                    discount: reader.optionalAmount("discount", "What was taken off the line.") ?? 0,
                    unitCost: reader.optionalAmount(
                        "unit_cost", "What one cost the business; the product's cost by default."),
                    sale: reader.choice("sale", "Whether the seller sold something more or something better.")
                        ?? .regular)
            } ?? []
    }

    /// What other lines come to is another amount.
    static func completing(_ patch: [String: JSONNode], of present: [String: JSONNode]) -> [String: JSONNode] {
        guard let lines = patch["lines"], lines != .array([]), lines != .null else { return patch }
        return patch.merging(["amount": .null, "quantity": .null]) { told, _ in told }
    }
}

extension NewOrderReturn: JSONBody {
    static let schemaName = "NewOrderReturn"
    static let schemaDescription =
        "What came back of an order: by lines where it has some, as an amount where it has none."
    static let example = """
        {"returned_on": "2026-11-24", "reason": "bought twice", "lines": [{"line": 1, "quantity": 1}]}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            returnedOn: reader.requiredDay("returned_on", "The day."),
            reason: reader.text("reason", Self.reasonRule, "Why."),
            items: reader.objects("lines", count: 0...OrderValues.maximumLines, "What came back, line by line.") {
                reader in
                Item(
                    line: reader.requiredInteger(
                        "line", in: 1...OrderValues.maximumLines, "The line's number, from 1."),
                    quantity: reader.requiredInteger("quantity", in: OrderValues.quantities, "How many."),
                    amount: reader.optionalAmount("amount", "What the customer gets back; the line's part by default."))
            } ?? [], amount: reader.optionalAmount("amount", "What the customer gets back, of an order without lines."))
    }
}
