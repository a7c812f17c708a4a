import CRM

/// Customers who are made one with another one.
struct MergedCustomers: JSONBody {
    static let schemaName = "MergedCustomers"
    static let schemaDescription = "Customers who are made one with another one."
    static let example = #"{"customer_ids": ["019aab50-c4c0-7000-8000-000000000002"]}"#

    let customers: [Customer.ID]

    init(_ reader: inout BodyReader) {
        customers = reader.requiredIdentifiers(
            "customer_ids", count: 1...MergeService.maximumCustomers,
            "Those who are no more afterwards; of what both have, the other one's stays.")
    }
}
