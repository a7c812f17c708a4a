public import Foundation
import Postgres

/// A person or organisation that the business serves or may come to serve.
public struct Customer: Sendable {
    public typealias ID = Identifier<Customer>

    public enum Kind: String, JSONChoice { case person, organisation }

    /// How far the relationship has come: `potential` (بالقوه), `actual` (بالفعل) or `lost`.
    public enum Stage: String, JSONChoice { case potential, actual, lost }

    public let id: ID
    public let values: CustomerValues
    public let stageChangedAt: Date
    /// Counts the changes; the `ETag` is made of it.
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

extension Customer {
    /// A customer as it is added.
    init(_ id: ID, _ values: CustomerValues) {
        let now = Date()
        self.init(id: id, values: values, stageChangedAt: now, version: 1, createdAt: now, updatedAt: now)
    }

    /// The customer with other values.
    func with(_ values: CustomerValues) -> Customer {
        Customer(
            id: id, values: values, stageChangedAt: stageChangedAt, version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension Customer: Resource, JSONObject {
    public static let kind = "customer"
    public static let schemaName = "Customer"
    public static let schemaDescription = "A person or organisation that the business serves or may come to serve."
    public static var example: Customer {
        Customer(
            id: Example.id(), values: .example, stageChangedAt: Example.later, version: 3, createdAt: Example.time,
            updatedAt: Example.later)
    }

    /// Absent values are written as null, so that every customer has the same members.
    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The customer's id.")
        values.members(&json)
        json.member("stage_changed_at", stageChangedAt, "When the relationship came so far.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Customer: Listed {
    public static var orders: [ListOrder<Customer>] {
        [.time("created_at", "c.created_at") { $0.createdAt }]
    }
}
