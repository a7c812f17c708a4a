public import Foundation

/// A named set of customers, for which the business plans its marketing mix and whom it asks.
public struct Segment: Sendable {
    public typealias ID = Identifier<Segment>

    public enum Kind: String, JSONChoice {
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

extension Segment {
    /// A segment as it is added.
    init(_ id: ID, _ new: NewSegment, _ rule: SegmentRule?) {
        self.init(
            id: id, name: new.name, kind: new.kind, rule: rule, memberCount: nil, evaluatedAt: nil, version: 1,
            createdAt: Date(), updatedAt: Date())
    }
}
