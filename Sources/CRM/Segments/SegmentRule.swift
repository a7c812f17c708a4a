import Foundation
import Postgres

/// The condition of a segment: a tree of `all`, `any` and `not` over comparisons such as
/// `{"field": "orders.count", "op": "gte", "value": 2, "last_days": 90}`.
public struct SegmentRule: Sendable {
    indirect enum Condition: Sendable {
        case all([Condition])
        case any([Condition])
        case not(Condition)
        case comparison(Comparison)
    }

    struct Comparison: Sendable {
        let subject: Subject
        let comparator: SegmentOperator
        let operand: Operand
        var narrowing = SegmentNarrowing()
    }

    enum Subject: Sendable, Equatable {
        case field(SegmentField)
        /// An attribute of the business's own.
        case attribute(String)
    }

    enum Operand: Sendable {
        case texts([String])
        case identifiers([UUID])
        case number(Decimal)
        case day(LocalDate)
        case days(Int)
        case flag(Bool)
        /// What attributes are.
        case values([JSONNode])
    }

    static let maximumDepth = 8
    static let maximumComparisons = 100
    static let maximumValues = 200
    static let maximumDays = 36_500
    static let longestText = 1000
    static let text = TextRule.words(longestText)

    /// The rule as it was written.
    public let node: JSONNode
    let condition: Condition
    /// What it names, and where.
    let links: [ObjectLink]
    let attributes: [AttributeUse]

    /// Where a rule asks for an attribute, and what it takes it to be.
    struct AttributeUse: Sendable {
        let pointer: String
        let name: String
        let comparator: SegmentOperator
        let values: [JSONNode]
    }

    /// Reads a rule and reports everything that is wrong with it, each by a pointer into the tree. Whether what it names is there
    /// only the database knows: ``links`` and ``attributes``.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``.
    public init(_ node: JSONNode, at pointer: String = "/rule") throws {
        var reader = SegmentRuleReader()
        let condition = reader.read(node, at: pointer, depth: 0)
        guard let condition, reader.errors.isEmpty else { throw ServiceError.invalid(reader.errors) }
        self.init(node: node, condition: condition, links: reader.links, attributes: reader.attributes)
    }

    /// A rule as it was kept; `nil` for one that an older version wrote and this one does not understand, which then finds nobody new
    /// until somebody mends it.
    static func kept(_ node: JSONNode) -> SegmentRule? {
        var reader = SegmentRuleReader()
        guard let condition = reader.read(node, at: "/rule", depth: 0), reader.errors.isEmpty else { return nil }
        return SegmentRule(node: node, condition: condition, links: reader.links, attributes: reader.attributes)
    }

    private init(node: JSONNode, condition: Condition, links: [ObjectLink], attributes: [AttributeUse]) {
        self.node = node
        self.condition = condition
        self.links = links
        self.attributes = attributes
    }

    /// What keeps the JSON from being a rule.
    static func faults(of node: JSONNode, at pointer: String = "/rule") -> [FieldError] {
        var reader = SegmentRuleReader()
        _ = reader.read(node, at: pointer, depth: 0)
        return reader.errors
    }

    /// The segments whose members the rule asks for.
    var segments: Set<Segment.ID> {
        Set(links.filter { $0.target.kind == Segment.kind }.flatMap(\.places).map { Segment.ID(rawValue: $0.id) })
    }
}
