import CRM
import Foundation

extension NewConsent: JSONBody {
    static let schemaName = "NewConsent"
    static let schemaDescription = "A customer's word on whether the business may write or call on a channel."
    static let example = """
        {"customer_id": "019aab50-c4c0-7000-8000-000000000007", "channel": "email", "is_granted": true,
         "proof": "Ticked on https://books.example/join, form of 2026-11", "given_at": "2026-11-22T08:30:00Z"}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            customerID: reader.requiredIdentifier("customer_id", "Who gave it."),
            channel: reader.requiredChoice("channel", else: .email, "What it is about."),
            isGranted: reader.requiredFlag("is_granted", "Whether the business may."),
            proof: reader.text(
                "proof", Self.proofRule, "What shows that it was said: a form, a recording, a page and its address."),
            givenAt: reader.time("given_at", "When the customer said it; now by default."))
    }
}
