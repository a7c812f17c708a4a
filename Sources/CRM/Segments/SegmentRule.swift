import Foundation
import Postgres

/// The condition of a segment: a tree of `all`, `any` and `not` over comparisons such as
/// `{"field": "orders.count", "op": "gte", "value": 2}`.
public struct SegmentRule: Sendable {
    indirect enum Condition: Sendable {
        case all([Condition])
        case any([Condition])
        case not(Condition)
        case comparison(Field, Operator, Operand)
    }

    enum Field: String, Sendable, CaseIterable {
        case stage, kind, language
        case orderCount = "orders.count"
        case orderAmount = "orders.amount"
        case lastOrderedOn = "orders.last_on"
    }

    enum Operator: String, Sendable, CaseIterable { case eq, ne, `in`, gte, lte, gt, lt }

    enum Operand: Sendable {
        case text(String)
        case texts([String])
        case number(Decimal)
        case day(LocalDate)
    }

    static let maximumDepth = 8
    static let maximumComparisons = 100

    /// The rule as it was written.
    public let node: JSONNode
    let condition: Condition

    /// Reads a rule and reports everything that is wrong with it, each by a pointer into the tree.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``.
    public init(_ node: JSONNode, at pointer: String = "/rule") throws {
        var reader = SegmentRuleReader()
        let condition = reader.read(node, at: pointer, depth: 0)
        guard let condition, reader.errors.isEmpty else { throw ServiceError.invalid(reader.errors) }
        self.node = node
        self.condition = condition
    }

    /// A rule that was read before.
    init(node: JSONNode, condition: Condition) {
        self.node = node
        self.condition = condition
    }

    /// What keeps the JSON from being a rule.
    static func faults(of node: JSONNode, at pointer: String = "/rule") -> [FieldError] {
        var reader = SegmentRuleReader()
        _ = reader.read(node, at: pointer, depth: 0)
        return reader.errors
    }
}

/// Turns JSON into a condition, collecting every error on the way.
struct SegmentRuleReader {
    private(set) var errors: [FieldError] = []
    private var comparisons = 0

    mutating func read(_ node: JSONNode, at pointer: String, depth: Int) -> SegmentRule.Condition? {
        guard depth < SegmentRule.maximumDepth else {
            return fail(pointer, "too_deep", "At most \(SegmentRule.maximumDepth) levels.")
        }
        guard case .object(let members) = node else { return fail(pointer, "type", "Expected an object.") }
        if members.count == 1, let (name, child) = members.first {
            switch name {
            case "all": return list(child, at: pointer + "/all", depth).map(SegmentRule.Condition.all)
            case "any": return list(child, at: pointer + "/any", depth).map(SegmentRule.Condition.any)
            case "not": return read(child, at: pointer + "/not", depth: depth + 1).map(SegmentRule.Condition.not)
            default: break
            }
        }
        return comparison(members, at: pointer)
    }

    private mutating func list(_ node: JSONNode, at pointer: String, _ depth: Int) -> [SegmentRule.Condition]? {
        guard case .array(let children) = node, !children.isEmpty else {
            return fail(pointer, "type", "Expected a list of conditions with at least one.")
        }
        let read = children.enumerated().map { index, child in
            self.read(child, at: "\(pointer)/\(index)", depth: depth + 1)
        }
        return read.contains { $0 == nil } ? nil : read.compactMap(\.self)
    }

    private mutating func comparison(_ members: [String: JSONNode], at pointer: String) -> SegmentRule.Condition? {
        comparisons += 1
        guard comparisons <= SegmentRule.maximumComparisons else {
            let isFirst = comparisons == SegmentRule.maximumComparisons + 1
            return isFirst ? fail(pointer, "too_many", "At most \(SegmentRule.maximumComparisons) comparisons.") : nil
        }
        for name in members.keys.sorted() where !["field", "op", "value"].contains(name) {
            errors.append(
                FieldError(
                    "\(pointer)/\(FieldError.escaped(name))", "unknown",
                    "Expected all, any, not, or field with op and value."))
        }
        let field = choice(SegmentRule.Field.self, members["field"], at: pointer + "/field")
        let comparator = choice(SegmentRule.Operator.self, members["op"], at: pointer + "/op")
        guard let field, let comparator else { return nil }
        guard let operand = operand(members["value"] ?? .null, for: field, comparator, at: pointer) else { return nil }
        return .comparison(field, comparator, operand)
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type, _ node: JSONNode?, at pointer: String
    ) -> Choice? {
        if case .string(let text) = node, let choice = Choice(rawValue: text) { return choice }
        return fail(pointer, "unknown", "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
    }

    private mutating func operand(
        _ node: JSONNode, for field: SegmentRule.Field, _ comparator: SegmentRule.Operator, at pointer: String
    ) -> SegmentRule.Operand? {
        let valuePointer = pointer + "/value"
        switch field {
        case .stage, .kind, .language:
            switch (comparator, node) {
            case (.eq, .string(let text)), (.ne, .string(let text)): return .text(text)
            case (.in, .array(let nodes)) where (1...100).contains(nodes.count):
                let texts = nodes.compactMap { if case .string(let text) = $0 { text } else { String?.none } }
                return texts.count == nodes.count
                    ? .texts(texts) : fail(valuePointer, "type", "Expected a list of strings.")
            case (.eq, _), (.ne, _): return fail(valuePointer, "type", "Expected a string.")
            case (.in, _): return fail(valuePointer, "type", "Expected a list of 1 to 100 strings.")
            default: return fail(pointer + "/op", "operator", "\(field.rawValue) takes eq, ne or in.")
            }
        case .orderCount, .orderAmount:
            guard comparator != .in else { return fail(pointer + "/op", "operator", "A number takes no list.") }
            switch node {
            case .number(let number): return .number(number)
            case .string(let text):
                return Decimal(plain: text).map(SegmentRule.Operand.number)
                    ?? fail(valuePointer, "type", "Expected a number.")
            default: return fail(valuePointer, "type", "Expected a number.")
            }
        case .lastOrderedOn:
            guard comparator != .in else { return fail(pointer + "/op", "operator", "A day takes no list.") }
            if case .string(let text) = node, let day = LocalDate(text) { return .day(day) }
            return fail(valuePointer, "type", "Expected a day as YYYY-MM-DD.")
        }
    }

    private mutating func fail<Result>(_ pointer: String, _ code: String, _ detail: String) -> Result? {
        errors.append(FieldError(pointer, code, detail))
        return nil
    }
}
