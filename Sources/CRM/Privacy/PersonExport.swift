import Postgres

/// Everything that is kept of one customer, as it is kept.
public struct PersonExport: Sendable {
    /// A JSON object: the customer's row, and the rows of each other kind.
    let json: [UInt8]
}

extension PersonExport: JSONObject {
    public static let schemaName = "PersonExport"
    public static let schemaDescription =
        "Everything that is kept of one customer, as it is kept: the customer, and the rows of each other kind."
    public static var example: PersonExport { PersonExport(json: Array(#"{"name": "مینا کریمی"}"#.utf8)) }

    public func members(_ json: inout JSONWriter) {
        json.member(
            "data", Verbatim(bytes: self.json),
            "customer and summary are objects; contact_points, merged_customers, merges, consents, current_consents, suppressed_addresses, stage_changes, segments, interactions, orders, invitations, responses and changes are lists.",
            isPersonal: true)
    }

    private struct Verbatim: JSONRepresentable {
        static let schema = JSONSchema.map(of: .anything)
        let bytes: [UInt8]

        func write(to json: inout JSONWriter) { json.verbatim(bytes) }
    }
}
