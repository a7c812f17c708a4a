public import Foundation

/// A named set of customers, for which the business plans its marketing mix and whom it asks.
public struct Segment: Sendable, Encodable {
    public typealias ID = Identifier<Segment>

    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Customers are listed by hand.
        case manual
        /// A condition decides.
        case rule
    }

    public let id: ID
    public let name: String
    public let kind: Kind
    public let rule: SegmentRule?
    /// `nil` until the rule has been evaluated.
    public let memberCount: Int?
    public let evaluatedAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date

    private enum CodingKeys: CodingKey {
        case id, name, kind, rule, memberCount, evaluatedAt, version, createdAt, updatedAt
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(kind, forKey: .kind)
        try container.encode(rule?.node, forKey: .rule)
        try container.encode(memberCount, forKey: .memberCount)
        try container.encode(evaluatedAt, forKey: .evaluatedAt)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

/// The values of a new segment.
public struct NewSegment: Sendable {
    public var name: String
    public var kind: Segment.Kind
    /// The condition of a `rule` segment, as JSON.
    public var rule: JSONNode?

    public init(name: String, kind: Segment.Kind, rule: JSONNode? = nil) {
        self.name = name
        self.kind = kind
        self.rule = rule
    }
}
