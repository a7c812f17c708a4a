import CRM
import Foundation

extension ProductValues: RecordBody {
    static let newExample = """
        {"code": "BK-17", "name": "Divan of Hafez, pocket edition", "price": {"amount": "12.50", "currency": "GBP"},
         "cost": {"amount": "7", "currency": "GBP"}}
        """
    static let changesExample = #"{"state": "outdated", "successor_id": "019aab50-c4c0-7000-8000-000000000007"}"#

    init(_ reader: inout BodyReader) {
        let successor: Product.ID? = reader.identifier("successor_id", "What is sold in its place.")
        self.init(
            code: reader.requiredText(
                "code", Self.codeRule, "A number of the business's own that no other product has."),
            name: reader.requiredText("name", Self.nameRule, "What it is called."),
            price: reader.object("price", "What one is sold for.") { $0.money() },
            cost: reader.object("cost", "What one costs the business.") { $0.money() },
            state: reader.choice(
                "state", or: .active,
                "Where it is in its life; active by default. A withdrawn one is not sold any more."),
            successorID: successor?.rawValue)
    }
}
