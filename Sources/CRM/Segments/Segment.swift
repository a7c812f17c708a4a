public import Foundation
public import Postgres

/// A named set of customers, for which the business plans its marketing mix and whom it asks.
public struct Segment: Sendable {
    public typealias ID = Identifier<Segment>

    public enum Kind: String, JSONChoice, PostgresEncodable, PostgresDecodable {
        /// Customers are listed by hand.
        case manual
        /// A condition decides.
        case rule
    }

    public let id: ID
    public let values: SegmentValues
    /// `nil` until the rule has been evaluated.
    public let memberCount: Int?
    public let evaluatedAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// What clients decide of a segment.
public struct SegmentValues: Sendable {
    public static let nameRule = TextRule.words(200)
    public static let descriptionRule = TextRule.words(2000)

    public var name: String
    public var description: String?
    public var kind: Segment.Kind
    /// The condition of a `rule` segment, as JSON.
    public var rule: JSONNode?

    public init(name: String, description: String? = nil, kind: Segment.Kind, rule: JSONNode? = nil) {
        self.name = name
        self.description = description
        self.kind = kind
        self.rule = rule
    }

    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        if let description { Self.descriptionRule.check(description, "/description", into: &errors) }
        switch (kind, rule) {
        case (.rule, nil): errors.append(FieldError("/rule", "required", "A rule segment needs its rule."))
        case (.manual, .some): errors.append(FieldError("/rule", "not_allowed", "A manual segment has no rule."))
        case (.manual, nil): break
        case (.rule, .some(let node)): errors += SegmentRule.faults(of: node)
        }
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "Its name, which no other segment has.")
        json.member("description", description, "What it is for.")
        json.member("kind", kind, "Whether customers are listed by hand or found by a rule.")
        json.member("rule", rule, "The condition of a rule segment; null for a manual one.")
    }
}

extension Segment {
    /// A segment as it is added.
    init(_ id: ID, _ new: SegmentValues) {
        self.init(
            id: id, values: new, memberCount: nil, evaluatedAt: nil, version: 1, createdAt: Date(), updatedAt: Date())
    }

    func with(_ values: SegmentValues) -> Segment {
        Segment(
            id: id, values: values, memberCount: memberCount, evaluatedAt: evaluatedAt, version: version,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Segment: Resource {
    public static let kind = "segment"
    public static let schemaName = "Segment"
    public static let schemaDescription = "A named set of customers, listed by hand or found by a rule."

    public static var example: Segment {
        let values = SegmentValues(
            name: "Repeat buyers", description: "For the loyalty programme.", kind: .rule,
            rule: .object(["field": .string("orders.count"), "op": .string("gte"), "value": .number(2)]))
        return Segment(
            id: Example.id(), values: values, memberCount: 1_204, evaluatedAt: Example.later, version: 2,
            createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The segment's id.")
        values.members(&json)
        json.member(
            "member_count", memberCount,
            "How many customers are in it; null until its rule was evaluated. It changes without the version.")
        json.member(
            "evaluated_at", evaluatedAt,
            "When its rule was evaluated for all customers last; null for a manual segment.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Segment: Listed {
    public static var orders: [ListOrder<Segment>] {
        [.time("created_at", "s.created_at") { $0.createdAt }, .text("name", "s.name") { $0.values.name }]
    }
}
