public import Foundation

/// A person or organisation that the business serves or may come to serve.
public struct Customer: Sendable {
    public typealias ID = Identifier<Customer>

    public enum Kind: String, JSONChoice { case person, organisation }

    /// How far the relationship has come: `potential` (بالقوه), `actual` (بالفعل) or `lost`.
    public enum Stage: String, JSONChoice { case potential, actual, lost }

    public let id: ID
    public let kind: Kind
    public let stage: Stage
    /// The customer's number in the system that the tenant keeps them in.
    public let reference: String?
    public let name: String
    /// ISO 639 code of the language that the customer is written to in.
    public let language: String
    public let timeZone: String?
    public let attributes: [String: JSONNode]
    public let contactPoints: [ContactPoint]
    /// Counts the changes; the `ETag` is made of it.
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// One way to reach a customer.
public struct ContactPoint: Sendable, Equatable {
    public enum Channel: String, JSONChoice { case email, phone, sms, whatsapp, postal }

    public let channel: Channel
    public let address: String
    /// The one that is used when the channel is; at most one of a channel.
    public let isPrimary: Bool

    public init(channel: Channel, address: String, isPrimary: Bool) {
        self.channel = channel
        self.address = address
        self.isPrimary = isPrimary
    }
}

/// The values of a new customer.
public struct NewCustomer: Sendable {
    public var kind: Customer.Kind = .person
    public var stage: Customer.Stage = .potential
    public var reference: String?
    public var name: String
    public var language: String?
    public var timeZone: String?
    public var attributes: [String: JSONNode] = [:]
    public var contactPoints: [ContactPoint] = []

    public init(name: String) { self.name = name }
}

/// What a merge patch changes; the outer `nil` leaves a value as it is, the inner one removes it.
public struct CustomerChanges: Sendable {
    public var kind: Customer.Kind?
    public var stage: Customer.Stage?
    public var reference: String??
    public var name: String?
    public var language: String?
    public var timeZone: String??
    /// Merged into the attributes as RFC 7396 says.
    public var attributes: [String: JSONNode]?
    /// Replaces all contact points.
    public var contactPoints: [ContactPoint]?

    public init() {}
}

/// Which customers a list shows.
public struct CustomerFilter: Sendable {
    public var stages: [Customer.Stage]?
    public var kinds: [Customer.Kind]?
    public var languages: [String]?
    public var references: [String]?

    public init() {}
}

extension Customer {
    /// A customer as it is added.
    init(_ id: ID, _ new: NewCustomer) {
        self.init(
            id: id, kind: new.kind, stage: new.stage, reference: new.reference, name: new.name,
            language: new.language ?? "", timeZone: new.timeZone, attributes: new.attributes,
            contactPoints: new.contactPoints, version: 1, createdAt: Date(), updatedAt: Date())
    }
}
