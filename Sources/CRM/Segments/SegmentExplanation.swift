public import Foundation
import Postgres

/// Why a customer is in a segment, or is not.
public struct SegmentExplanation: Sendable {
    public let segmentID: Segment.ID
    public let customerID: Customer.ID
    public let isMember: Bool
    public let enteredAt: Date?
    /// `nil` for a manual segment.
    public let reason: Reason?

    /// A part of the rule, with what became of it.
    public indirect enum Reason: Sendable {
        case all([Reason])
        case any([Reason])
        case not(Reason)
        case comparison(JSONNode, holds: Bool?, value: JSONNode?)

        /// `nil` where it hangs on what the caller may not read.
        public var holds: Bool? {
            switch self {
            case .all(let parts):
                parts.contains { $0.holds == false } ? false : parts.contains { $0.holds == nil } ? nil : true
            case .any(let parts):
                parts.contains { $0.holds == true } ? true : parts.contains { $0.holds == nil } ? nil : false
            case .not(let part): part.holds.map { !$0 }
            case .comparison(_, let holds, _): holds
            }
        }
    }
}

extension SegmentExplanation: JSONObject {
    public static let schemaName = "SegmentExplanation"
    public static let schemaDescription = "Why a customer is in a segment, or is not."
    public static var example: SegmentExplanation {
        let comparison = JSONNode.object(["field": .string("orders.count"), "op": .string("gte"), "value": .number(2)])
        return SegmentExplanation(
            segmentID: Example.id(), customerID: Example.id(), isMember: true, enteredAt: Example.time,
            reason: .comparison(comparison, holds: true, value: .number(3)))
    }

    public func members(_ json: inout JSONWriter) {
        json.member("segment_id", segmentID, "The segment.")
        json.member("customer_id", customerID, "The customer.")
        json.member("is_member", isMember, "Whether the customer is in the segment.")
        json.member("entered_at", enteredAt, "Since when; null for who is not in it.")
        json.member(
            "reason", reason,
            "The rule, each part with holds; of comparisons also found, what the customer has, null for what is not there. Both are null where the caller may not read it. Null for a manual segment."
        )
    }
}

extension SegmentExplanation.Reason: JSONRepresentable {
    public static var schema: JSONSchema { .map(of: .anything) }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .all(let parts): json.member(named: "all", parts)
            case .any(let parts): json.member(named: "any", parts)
            case .not(let part): json.member(named: "not", part)
            case .comparison(.object(let members), _, let value):
                for (name, member) in members.sorted(by: { $0.key < $1.key }) { json.member(named: name, member) }
                json.member(named: "found", value)
            case .comparison: break
            }
            json.member(named: "holds", holds)
        }
    }
}

extension SegmentRule {
    /// The comparisons in the order in which the tree is read.
    var comparisons: [Comparison] {
        func found(_ condition: Condition) -> [Comparison] {
            switch condition {
            case .all(let parts), .any(let parts): parts.flatMap(found)
            case .not(let part): found(part)
            case .comparison(let comparison): [comparison]
            }
        }
        return found(condition)
    }

    /// The tree with what became of each comparison.
    ///
    /// - Parameter results: in the order of ``comparisons``.
    func reason(_ results: [(holds: Bool?, value: JSONNode?)]) -> SegmentExplanation.Reason {
        var rest = results[...]
        func explain(_ condition: Condition, _ node: JSONNode) -> SegmentExplanation.Reason {
            switch (condition, node) {
            case (.all(let parts), .object(let members)):
                return .all(explain(parts, members["all"]))
            case (.any(let parts), .object(let members)):
                return .any(explain(parts, members["any"]))
            case (.not(let part), .object(let members)): return .not(explain(part, members["not"] ?? .null))
            default:
                let result = rest.popFirst()
                return .comparison(node, holds: result?.holds, value: result?.value)
            }
        }
        func explain(_ parts: [Condition], _ node: JSONNode?) -> [SegmentExplanation.Reason] {
            guard case .array(let nodes) = node else { return [] }
            return zip(parts, nodes).map { explain($0, $1) }
        }
        return explain(condition, node)
    }
}
