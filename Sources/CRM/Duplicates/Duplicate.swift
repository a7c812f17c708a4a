public import Foundation
public import Postgres

/// Two customers who may be one, until somebody says whether they are.
///
/// The score is a sum of what they have in common, from ``minimumScore`` to 100: the same e-mail address 60, the same reference 60, the
/// same number 50, birth date 25, a number that differs in one digit 20, and 40 times the likeness of the names where that is half or
/// more. Where the names are less than 0.7 alike, as those of a couple with one number are, the sum counts as 85 at most. Another birth
/// date, and another kind of customer, take away 40 each. An address or number of more than ten customers, such as a switchboard's,
/// counts for none of them.
///
/// Names are as alike as the trigrams of their normalised words are, whatever the order (`similarity` of PostgreSQL's pg_trgm); the two
/// most alike of what the customers are called in any script count.
public struct Duplicate: Sendable {
    public typealias ID = Identifier<Duplicate>

    /// Pairs with less are not kept.
    public static let minimumScore = 50
    /// From which score on pairs are merged many at once, unless told otherwise: those whose names are alike and who share an address
    /// or a reference.
    public static let sureScore = 90

    public enum State: String, JSONChoice, PostgresEncodable, PostgresDecodable { case open, dismissed, merged }

    /// What customers have in common.
    public enum Reason: String, JSONChoice, PostgresEncodable, PostgresDecodable {
        case email, phone, reference, name
        case birthDate = "birth_date"
        case similarPhone = "similar_phone"
    }

    /// In what customers differ.
    public enum Doubt: String, JSONChoice, PostgresEncodable, PostgresDecodable {
        case birthDate = "birth_date"
        case kind, name
    }

    /// One of the two, as people recognise a customer.
    public struct Customer: Sendable {
        public let id: CRM.Customer.ID
        public let name: String
    }

    public let id: ID
    public let first: Customer
    public let second: Customer
    public let score: Int
    public let reasons: [Reason]
    public let doubts: [Doubt]
    public let state: State
    /// The merge that made them one.
    public let mergeID: Merge.ID?
    public let decidedAt: Date?
    public let actorKind: String?
    public let actorID: UUID?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

extension Duplicate.Customer: JSONObject {
    public static let schemaName = "DuplicateCustomer"
    public static let schemaDescription = "One of two customers who may be one."
    public static var example: Duplicate.Customer { Duplicate.Customer(id: Example.id(), name: "Mina Karimi") }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The customer's id.")
        json.member("name", name, "What the customer is called.", isPersonal: true)
    }
}

extension Duplicate: Resource {
    public static let kind = "duplicate"
    public static let schemaName = "Duplicate"
    public static let schemaDescription = "Two customers who may be one."
    public static var example: Duplicate {
        Duplicate(
            id: Example.id(), first: .example, second: .example, score: 90, reasons: [.phone, .name], doubts: [],
            state: .merged, mergeID: Example.id(), decidedAt: Example.later, actorKind: "member",
            actorID: Example.uuid, version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The pair's id.")
        json.member("customers", [first, second], "The two customers.")
        json.member(
            "score", score,
            "How likely they are one, 50 to 100; 0 for a pair that was told apart by undoing a merge and not found.")
        json.member("reasons", reasons, "What they have in common.")
        json.member("doubts", doubts, "In what they differ.")
        json.member("state", state, "Whether it is still to be decided, and what was.")
        json.member("merge_id", mergeID, "The merge that made them one, which can be undone for 30 days.")
        json.member("decided_at", decidedAt, "When it was decided.")
        json.member("actor_kind", actorKind, "What kind of caller decided it.")
        json.member("actor_id", actorID, "Which member, key or job decided it; null for the command line.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Duplicate: Listed {
    /// The likeliest first.
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<Duplicate>] { [.number("score", "d.score") { $0.score }] }
}

/// Which pairs a list shows: the open ones unless it says otherwise.
public struct DuplicateFilter: Sendable {
    public var state: Duplicate.State = .open
    public var minimumScore: Int?
    /// Either of the two.
    public var customer: Customer.ID?

    public init() {}
}
