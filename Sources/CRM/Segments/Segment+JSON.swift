import Foundation

extension Segment: Resource {
    public static let kind = "segment"
    public static let schemaName = "Segment"
    public static let schemaDescription = "A named set of customers, listed by hand or found by a rule."

    public static var example: Segment {
        Segment(
            id: Example.id(), name: "Repeat buyers", kind: .rule, rule: .example, memberCount: 1_204,
            evaluatedAt: Example.later, version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The segment's id.")
        json.member("name", name, "Its name, which no other segment has.")
        json.member("kind", kind, "Whether customers are listed by hand or found by a rule.")
        json.member("rule", rule, "The condition of a rule segment; null for a manual one.")
        json.member("member_count", memberCount, "How many customers are in it; null until its rule was evaluated.")
        json.member("evaluated_at", evaluatedAt, "When its rule was evaluated last.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension SegmentRule: JSONRepresentable {
    public static var schema: JSONSchema { .anything }

    static var example: SegmentRule {
        SegmentRule(
            node: .object(["field": .string("orders.count"), "op": .string("gte"), "value": .number(2)]),
            condition: .comparison(.orderCount, .gte, .number(2)))
    }

    public func write(to json: inout JSONWriter) { node.write(to: &json) }
}
