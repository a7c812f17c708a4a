public import Foundation
public import Postgres

/// A customer's word on whether the business may write or call on a channel. The one that was said last of a channel counts.
public struct Consent: Sendable {
    public typealias ID = Identifier<Consent>

    public enum Source: String, JSONChoice { case `import`, api, unsubscribe }

    public let id: ID
    public let customerID: Customer.ID
    public let channel: ContactPoint.Channel
    public let isGranted: Bool
    public let source: Source
    public let proof: String?
    public let givenAt: Date
    public let actorKind: AuditEntry.ActorKind
    public let actorID: UUID?
    public let recordedAt: Date
}

/// What a client tells of a consent.
public struct NewConsent: Sendable {
    public static let proofRule = TextRule.words(2000)

    public let customerID: Customer.ID
    public let channel: ContactPoint.Channel
    public let isGranted: Bool
    /// What shows that it was said: a form, a recording, a page and its address.
    public let proof: String?
    /// When the customer said it; `nil` for now.
    public let givenAt: Date?

    public init(
        customerID: Customer.ID, channel: ContactPoint.Channel, isGranted: Bool, proof: String? = nil,
        givenAt: Date? = nil
    ) {
        self.customerID = customerID
        self.channel = channel
        self.isGranted = isGranted
        self.proof = proof
        self.givenAt = givenAt
    }

    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let proof { Self.proofRule.check(proof, "/proof", into: &errors) }
        if let givenAt, givenAt > Date().addingTimeInterval(300) {
            errors.append(FieldError("/given_at", "range", "Not in the future."))
        }
        return errors
    }
}

/// Which consents a list shows.
public struct ConsentFilter: Sendable {
    public var customer: Customer.ID?
    public var channels: [ContactPoint.Channel]?
    /// Only the latest of each customer and channel.
    public var isCurrent = false

    public init() {}
}

extension Consent: Resource {
    public static let kind = "consent"
    public static let schemaName = "Consent"
    public static let schemaDescription =
        "A customer's word on whether the business may write or call on a channel. The latest of a channel counts."
    /// A word that was given does not change.
    public var version: Int { 1 }

    public static var example: Consent {
        Consent(
            id: Example.id(), customerID: Example.id(7), channel: .email, isGranted: true, source: .api,
            proof: "Ticked on https://books.example/join, form of 2026-11", givenAt: Example.time, actorKind: .key,
            actorID: Example.uuid, recordedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The consent's id.")
        json.member("customer_id", customerID, "Who gave it.")
        json.member("channel", channel, "What it is about.")
        json.member("is_granted", isGranted, "Whether the business may.")
        json.member("source", source, "How the business learned it.")
        json.member("proof", proof, "What shows that it was said.", isPersonal: true)
        json.member("given_at", givenAt, "When the customer said it.")
        json.member("actor_kind", actorKind, "What kind of caller recorded it.")
        json.member("actor_id", actorID, "Which member, key or job did it; null for respondents and the command line.")
        json.member("recorded_at", recordedAt, "When it was recorded.")
    }
}

extension Consent: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<Consent>] { [.time("recorded_at", "n.recorded_at") { $0.recordedAt }] }
}

extension Consent.Source: PostgresEncodable, PostgresDecodable {}
