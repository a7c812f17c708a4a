import Foundation
import Postgres

@testable import CRM

/// A customer as a property test knows it: plain values, and what a rule says of them, without any SQL.
struct ModelCustomer {
    struct Order {
        var day: LocalDate
        var amount: Decimal
        var returned: Decimal
        var currency: String
        var margin: Decimal?
        var product: String?
    }

    struct Contact {
        var moment: Date
        var kind: String
        var channel: String?
        var satisfaction: Int?
        var isOpen: Bool
        var department: String?
        var touchpoint: String?
    }

    var id = Customer.ID.make()
    /// By field; `nil` is not there.
    var texts: [SegmentField: String?] = [:]
    var numbers: [SegmentField: Decimal?] = [:]
    var days: [SegmentField: LocalDate?] = [:]
    var sets: [SegmentField: Set<String>] = [:]
    var attributes: [String: JSONNode] = [:]
    var orders: [Order] = []
    var contacts: [Contact] = []
}

/// What rules mean, said a second time and in another way than by SQL.
struct RuleModel {
    let today: LocalDate
    let zone: TimeZone
    let currency: String
    /// A market and those below it.
    let markets: [String: Set<String>]

    func holds(_ rule: JSONNode, of customer: ModelCustomer) -> Bool {
        guard case .object(let members) = rule else { return false }
        if case .array(let parts) = members["all"] { return parts.allSatisfy { holds($0, of: customer) } }
        if case .array(let parts) = members["any"] { return parts.contains { holds($0, of: customer) } }
        if let part = members["not"] { return !holds(part, of: customer) }
        guard case .string(let name) = members["field"], case .string(let comparator) = members["op"],
            let operand = members["value"]
        else { return false }
        if name.hasPrefix("attributes.") {
            return compares(customer.attributes[String(name.dropFirst(11))], comparator, operand)
        }
        guard let field = SegmentField(rawValue: name) else { return false }
        if let set = customer.sets[field] { return compares(set, field, comparator, operand) }
        if let text = customer.texts[field] { return compares(text.map { .string($0) }, comparator, operand) }
        let (orders, contacts) = (orders(of: customer, members), contacts(of: customer, members))
        if let number = number(field, customer, orders, contacts) {
            return compares(number.map { .number($0) }, comparator, operand)
        }
        return compares(day(field, customer, orders, contacts).map { .string($0.description) }, comparator, operand)
    }

    // MARK: Values

    private func orders(of customer: ModelCustomer, _ members: [String: JSONNode]) -> [ModelCustomer.Order] {
        customer.orders.filter { order in
            isRecent(order.day, members)
                && (members["product_ids"]?.strings.map { $0.contains(order.product ?? "") } ?? true)
        }
    }

    private func contacts(of customer: ModelCustomer, _ members: [String: JSONNode]) -> [ModelCustomer.Contact] {
        customer.contacts.filter { contact in
            isRecent(LocalDay.day(of: contact.moment, in: zone), members)
                && (members["kinds"]?.strings.map { $0.contains(contact.kind) } ?? true)
                && (members["channels"]?.strings.map { $0.contains(contact.channel ?? "") } ?? true)
                && (members["is_open"].map { $0 == .bool(contact.isOpen) } ?? true)
                && (members["department_ids"]?.strings.map { $0.contains(contact.department ?? "") } ?? true)
                && (members["touchpoint_ids"]?.strings.map { $0.contains(contact.touchpoint ?? "") } ?? true)
        }
    }

    private func isRecent(_ day: LocalDate, _ members: [String: JSONNode]) -> Bool {
        guard case .number(let days) = members["last_days"] else { return true }
        return (0..<(days as NSDecimalNumber).intValue).contains(Int(today.daysSince2000 - day.daysSince2000))
    }

    /// The outer `nil` for what is no number.
    private func number(
        _ field: SegmentField, _ customer: ModelCustomer, _ orders: [ModelCustomer.Order],
        _ contacts: [ModelCustomer.Contact]
    ) -> Decimal?? {
        let own = orders.filter { $0.currency == currency }
        switch field {
        case .orderCount: return .some(Decimal(orders.count))
        case .orderAmount: return .some(own.reduce(0) { $0 + $1.amount - $1.returned })
        case .orderMargin:
            let margins = own.compactMap(\.margin)
            return .some(margins.isEmpty ? nil : margins.reduce(0, +))
        case .interactionCount: return .some(Decimal(contacts.count))
        case .satisfaction:
            let said = contacts.compactMap(\.satisfaction)
            guard !said.isEmpty else { return .some(nil) }
            var (mean, rounded) = (Decimal(said.reduce(0, +)) / Decimal(said.count), Decimal())
            NSDecimalRound(&rounded, &mean, 2, .plain)
            return .some(rounded)
        case .age:
            guard case .some(.some(let birth)) = customer.days[.birthDate] else { return .some(nil) }
            let (born, now) = (birth.components, today.components)
            let isBefore = (now.month, now.day) < (born.month, born.day)
            return .some(Decimal(now.year - born.year - (isBefore ? 1 : 0)))
        default: return customer.numbers[field]
        }
    }

    private func day(
        _ field: SegmentField, _ customer: ModelCustomer, _ orders: [ModelCustomer.Order],
        _ contacts: [ModelCustomer.Contact]
    ) -> LocalDate? {
        switch field {
        case .firstOrderedOn: orders.map(\.day).min()
        case .lastOrderedOn: orders.map(\.day).max()
        case .lastInteractionOn: contacts.map { LocalDay.day(of: $0.moment, in: zone) }.max()
        default: customer.days[field] ?? nil
        }
    }

    // MARK: Comparisons

    private func compares(_ set: Set<String>, _ field: SegmentField, _ comparator: String, _ operand: JSONNode) -> Bool
    {
        if case .bool(let isThere) = operand { return set.isEmpty != isThere }
        var wanted = Set(operand.strings ?? [])
        if field == .markets { wanted = wanted.reduce(into: []) { $0.formUnion(markets[$1] ?? []) } }
        return set.isDisjoint(with: wanted) == ["ne", "not_in"].contains(comparator)
    }

    private func compares(_ value: JSONNode?, _ comparator: String, _ operand: JSONNode) -> Bool {
        let value = value == .null ? nil : value
        func day(_ node: JSONNode?) -> LocalDate? { if case .string(let text) = node { LocalDate(text) } else { nil } }
        func number(_ node: JSONNode?) -> Decimal? { if case .number(let number) = node { number } else { nil } }
        func order(_ isRight: (Int) -> Bool) -> Bool {
            if let left = number(value), let right = number(operand) {
                return isRight(left < right ? -1 : left > right ? 1 : 0)
            }
            if let left = day(value), let right = day(operand) {
                return isRight(Int(left.daysSince2000 - right.daysSince2000).signum())
            }
            return false
        }
        let age = day(value).map { Int(today.daysSince2000 - $0.daysSince2000) }
        let days = number(operand).map { ($0 as NSDecimalNumber).intValue } ?? 0
        switch comparator {
        case "eq": return value != nil && value == operand
        case "ne": return value != operand
        case "in": return value.map { operand.array.contains($0) } ?? false
        case "not_in": return value.map { !operand.array.contains($0) } ?? true
        case "gt": return order { $0 > 0 }
        case "gte": return order { $0 >= 0 }
        case "lt": return order { $0 < 0 }
        case "lte": return order { $0 <= 0 }
        case "exists": return operand == .bool(value != nil)
        case "within_days": return age.map { (0..<days).contains($0) } ?? false
        case "older_than_days": return age.map { $0 >= days } ?? false
        case "contains":
            guard case .string(let text) = value, case .string(let part) = operand else { return false }
            return text.lowercased().contains(part.lowercased())
        case "birthday_within_days":
            guard let birth = day(value) else { return false }
            return (0..<min(days, 366)).contains { ahead in
                let (year, month, dayOfMonth) = LocalDay.day(ahead, after: today).components
                let hasLeapDay = LocalDate(year: year, month: 2, day: 29) != nil
                let isLeapBirth = birth.components.month == 2 && birth.components.day == 29
                return (month, dayOfMonth) == (birth.components.month, birth.components.day)
                    || (isLeapBirth && !hasLeapDay && (month, dayOfMonth) == (2, 28))
            }
        default: return false
        }
    }
}

extension JSONNode {
    fileprivate var array: [JSONNode] { if case .array(let nodes) = self { nodes } else { [self] } }

    fileprivate var strings: [String]? {
        array.compactMap { if case .string(let text) = $0 { text } else { String?.none } }
    }
}
