extension Customer: Resource {
    public static let kind = "customer"
    public static let schemaName = "Customer"
    public static let schemaDescription = "A person or organisation that the business serves or may come to serve."

    public static var example: Customer {
        Customer(
            id: Example.id(), kind: .person, stage: .actual, reference: "B-1", name: "مینا کریمی", language: "fa",
            timeZone: "Asia/Tehran", attributes: ["club": .string("gold")], contactPoints: [.example], version: 3,
            createdAt: Example.time, updatedAt: Example.later)
    }

    /// Absent values are written as null, so that every customer has the same members.
    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The customer's id.")
        json.member("kind", kind, "Whether it is one person or an organisation.")
        json.member("stage", stage, "How far the relationship has come.")
        json.member(
            "reference", reference, "The customer's number in the system that the business keeps them in.",
            isPersonal: true)
        json.member("name", name, "The name.", isPersonal: true)
        json.member("language", language, "ISO 639 code of the language that the customer is written to in.")
        json.member("time_zone", timeZone, "IANA name; null for the business's own.")
        json.member("attributes", attributes, "What the business notes of its own.", isPersonal: true)
        json.member("contact_points", contactPoints, "How to reach the customer, by channel.", isPersonal: true)
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension ContactPoint: JSONObject {
    public static let schemaName = "ContactPoint"
    public static let schemaDescription = "One way to reach a customer."
    public static var example: ContactPoint {
        ContactPoint(channel: .email, address: "mina@readers.example", isPrimary: true)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("channel", channel, "How it is reached.")
        json.member("address", address, "The e-mail address, telephone number or postal address.", isPersonal: true)
        json.member("is_primary", isPrimary, "Whether it is the one that is used; at most one of a channel.")
    }
}
