import Foundation
import Postgres
import TestSupport

@testable import CRM

/// Trees of conditions as nobody would write them.
struct RandomRules {
    var random: SplitMix64
    let today: LocalDate
    let markets: [String]
    let products: [String]
    let members: [String]
    let organisations: [String]
    let segments: [String]
    let departments: [String]
    let touchpoints: [String]

    mutating func tree(depth: Int) -> JSONNode {
        guard depth > 1, Int.random(in: 0..<10, using: &random) < 7 else { return comparison() }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return .object(["not": tree(depth: depth - 1)])
        case let shape:
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in tree(depth: depth - 1) }
            return .object([shape == 1 ? "all" : "any": .array(parts)])
        }
    }

    private mutating func comparison() -> JSONNode {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return attribute()
        case 1: return recent()
        default: break
        }
        let field = pick(SegmentField.allCases)
        let comparator = pick(field.operators)
        var members: [String: JSONNode] = [
            "field": .string(field.rawValue), "op": .string(comparator.rawValue),
            "value": value(comparator) { $0.operand(of: field) },
        ]
        if let activity = field.activity, Bool.random(using: &random) {
            members["last_days"] = .number(Decimal(pick([1, 7, 30, 90, 400])))
            switch activity {
            case .orders: if Bool.random(using: &random) { members["product_ids"] = .array([.string(pick(products))]) }
            case .interactions:
                if Bool.random(using: &random) { members["kinds"] = .array([.string("call"), .string("note")]) }
                if Bool.random(using: &random) { members["channels"] = .array([.string("phone")]) }
                if chance(in: 3) { members["department_ids"] = some(departments) }
                if chance(in: 3) { members["touchpoint_ids"] = some(touchpoints) }
                if Bool.random(using: &random) { members["is_open"] = .bool(Bool.random(using: &random)) }
            }
            if Bool.random(using: &random) { members["last_days"] = nil }
        }
        return .object(members)
    }

    /// Whether there was any, which is asked in a way of its own, or other numbers near to none.
    private mutating func recent() -> JSONNode {
        .object([
            "field": .string(pick([SegmentField.orderCount, .interactionCount]).rawValue),
            "op": .string(pick([SegmentOperator.eq, .ne, .gt, .gte, .lt, .lte]).rawValue),
            "value": .number(pick([0, 0, 1, 1, 0.5, 2])), "last_days": .number(Decimal(pick([1, 7, 30, 90, 400]))),
        ])
    }

    private mutating func value(
        _ comparator: SegmentOperator, _ operand: (inout RandomRules) -> JSONNode
    ) -> JSONNode {
        switch comparator {
        case .exists: .bool(Bool.random(using: &random))
        case .withinDays, .olderThanDays, .birthdayWithinDays: .number(Decimal(pick([1, 2, 10, 60, 365, 400])))
        case .in, .notIn: .array((0..<Int.random(in: 1...3, using: &random)).map { _ in operand(&self) })
        default: operand(&self)
        }
    }

    private mutating func operand(of field: SegmentField) -> JSONNode {
        switch field {
        case .markets: .string(pick(markets))
        case .segments: .string(pick(segments))
        case .owner: .string(pick(members))
        case .organisation: .string(pick(organisations))
        case .tags: .string(pick(["vip", "new", "other"]))
        default:
            switch field.domain {
            case .choice(let choices), .choices(let choices): .string(pick(choices))
            case .text, .texts: .string(pick(["fa", "en", "fair", "Ada", "a", "Asia/Tehran", "R-1", "R-2"]))
            case .day: .string(LocalDay.day(-Int.random(in: -2...400, using: &random), after: today).description)
            case .number: .number(Decimal(pick([0, 1, 2, 2.5, 3, 5, 9, 18, 30, 100, 250, -50])))
            case .identifier, .identifiers: .string(pick(markets))
            }
        }
    }

    private mutating func attribute() -> JSONNode {
        let operators = SegmentOperator.allCases.filter { $0 != .birthdayWithinDays }
        let comparator = pick(operators)
        let day = LocalDay.day(-pick([0, 5, 40, 500]), after: today).description
        let operand: JSONNode =
            switch comparator {
            case .contains: .string("ol")
            case .gt, .gte, .lt, .lte: pick([.number(2), .number(2.5), .string(day)])
            default: pick([.string("gold"), .string("silver"), .number(2), .bool(true), .string(day)])
            }
        return .object([
            "field": .string("attributes.\(pick(["club", "visits", "vip", "since", "none"]))"),
            "op": .string(comparator.rawValue), "value": value(comparator) { _ in operand },
        ])
    }

    private mutating func chance(in count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    /// One of them or two, which may be the same.
    private mutating func some(_ ids: [String]) -> JSONNode {
        .array((0..<Int.random(in: 1...2, using: &random)).map { _ in .string(pick(ids)) })
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
