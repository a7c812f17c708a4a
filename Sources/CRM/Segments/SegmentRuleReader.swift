import Foundation
import Postgres

/// Turns JSON into a condition, collecting every error on the way.
struct SegmentRuleReader {
    private(set) var errors: [FieldError] = []
    private(set) var links: [ObjectLink] = []
    private(set) var attributes: [SegmentRule.AttributeUse] = []
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
        guard case .array(let children) = node, (1...SegmentRule.maximumComparisons).contains(children.count) else {
            return fail(
                pointer, "type", "Expected a list of 1 to \(SegmentRule.maximumComparisons) conditions.")
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
        let subject = subject(members["field"], at: pointer + "/field")
        let comparator: SegmentOperator? = comparator(members["op"], at: pointer + "/op")
        let narrowing = narrowing(members, of: subject, at: pointer)
        guard let subject, let comparator, let narrowing else { return nil }
        let value = members["value"] ?? .null
        let operand =
            switch subject {
            case .attribute(let name): attribute(name, comparator, value, at: pointer)
            case .field(let field): operand(value, of: field, comparator, at: pointer)
            }
        return operand.map {
            .comparison(
                SegmentRule.Comparison(subject: subject, comparator: comparator, operand: $0, narrowing: narrowing))
        }
    }

    private mutating func subject(_ node: JSONNode?, at pointer: String) -> SegmentRule.Subject? {
        if case .string(let text) = node {
            if let field = SegmentField(rawValue: text) { return .field(field) }
            let attribute = text.hasPrefix("attributes.") ? String(text.dropFirst(11)) : ""
            if (1...200).contains(attribute.unicodeScalars.count) { return .attribute(attribute) }
        }
        let names = SegmentField.allCases.map(\.rawValue).joined(separator: ", ")
        return fail(pointer, "unknown", "One of \(names), or attributes. and the name of an attribute.")
    }

    private mutating func comparator(_ node: JSONNode?, at pointer: String) -> SegmentOperator? {
        if case .string(let text) = node, let comparator = SegmentOperator(rawValue: text) { return comparator }
        let names = SegmentOperator.allCases.map(\.rawValue).joined(separator: ", ")
        return fail(pointer, "unknown", "One of \(names).")
    }

    // MARK: Values

    private mutating func operand(
        _ node: JSONNode, of field: SegmentField, _ comparator: SegmentOperator, at pointer: String
    ) -> SegmentRule.Operand? {
        guard field.operators.contains(comparator) else {
            let names = field.operators.map(\.rawValue).joined(separator: ", ")
            return fail(pointer + "/op", "operator", "\(field.rawValue) takes \(names).")
        }
        let pointer = pointer + "/value"
        switch comparator {
        case .exists: return flag(node, at: pointer).map(SegmentRule.Operand.flag)
        case .withinDays, .olderThanDays, .birthdayWithinDays:
            return days(node, at: pointer).map(SegmentRule.Operand.days)
        default: break
        }
        let isList = comparator == .in || comparator == .notIn
        switch field.domain {
        case .number:
            if let number = number(node) { return .number(number) }
            return fail(pointer, "type", "Expected a number.")
        case .day:
            if case .string(let text) = node, let day = LocalDate(text) { return .day(day) }
            return fail(pointer, "type", "Expected a day as YYYY-MM-DD.")
        case .text where comparator == .contains: return part(node, at: pointer).map(SegmentRule.Operand.texts)
        case .text, .texts: return texts(node, isList: isList, at: pointer).map(SegmentRule.Operand.texts)
        case .choice(let choices), .choices(let choices):
            guard let texts = texts(node, isList: isList, at: pointer) else { return nil }
            for (index, text) in texts.enumerated() where !choices.contains(text) {
                errors.append(
                    FieldError(
                        isList ? "\(pointer)/\(index)" : pointer, "unknown",
                        "One of \(choices.joined(separator: ", "))."))
            }
            return .texts(texts)
        case .identifier(let target), .identifiers(let target):
            return identifiers(node, isList: isList, target, at: pointer).map(SegmentRule.Operand.identifiers)
        }
    }

    /// Attributes are compared as what the value is.
    private mutating func attribute(
        _ name: String, _ comparator: SegmentOperator, _ node: JSONNode, at pointer: String
    ) -> SegmentRule.Operand? {
        let value = pointer + "/value"
        var values: [JSONNode] = []
        var operand: SegmentRule.Operand?
        switch (comparator, node) {
        case (.exists, _): operand = flag(node, at: value).map(SegmentRule.Operand.flag)
        case (.withinDays, _), (.olderThanDays, _): operand = days(node, at: value).map(SegmentRule.Operand.days)
        case (.eq, .string), (.ne, .string), (.eq, .number), (.ne, .number), (.eq, .bool), (.ne, .bool):
            if case .string = node, texts(node, isList: false, at: value) == nil { return nil }
            values = [node]
            operand = .values(values)
        case (.in, .array(let nodes)), (.notIn, .array(let nodes)):
            guard (1...SegmentRule.maximumValues).contains(nodes.count), nodes.allSatisfy(\.isScalar) else {
                return fail(
                    value, "type",
                    "Expected a list of 1 to \(SegmentRule.maximumValues) strings, numbers or booleans.")
            }
            values = nodes
            operand = .values(nodes)
        case (.contains, .string): operand = part(node, at: value).map(SegmentRule.Operand.texts)
        case (.gt, .number(let number)), (.gte, .number(let number)), (.lt, .number(let number)),
            (.lte, .number(let number)):
            values = [node]
            operand = .number(number)
        case (.gt, .string(let text)), (.gte, .string(let text)), (.lt, .string(let text)), (.lte, .string(let text)):
            guard let day = LocalDate(text) else {
                return fail(value, "type", "Expected a number, or a day as YYYY-MM-DD.")
            }
            values = [node]
            operand = .day(day)
        case (.birthdayWithinDays, _): return fail(pointer + "/op", "operator", "Of birth_date alone.")
        case (.gt, _), (.gte, _), (.lt, _), (.lte, _):
            return fail(value, "type", "Expected a number, or a day as YYYY-MM-DD.")
        case (.eq, _), (.ne, _): return fail(value, "type", "Expected a string, a number or a boolean.")
        case (.in, _), (.notIn, _): return fail(value, "type", "Expected a list.")
        case (.contains, _): return fail(value, "type", "Expected a string.")
        }
        attributes.append(
            SegmentRule.AttributeUse(pointer: pointer, name: name, comparator: comparator, values: values))
        return operand
    }

    private mutating func texts(_ node: JSONNode, isList: Bool, at pointer: String) -> [String]? {
        guard isList else {
            guard case .string(let text) = node else { return fail(pointer, "type", "Expected a string.") }
            return SegmentRule.text.fault(of: text) == nil ? [text] : fail(pointer, "length", Self.length)
        }
        guard case .array(let nodes) = node, (1...SegmentRule.maximumValues).contains(nodes.count),
            case let texts = nodes.compactMap({ if case .string(let text) = $0 { text } else { String?.none } }),
            texts.count == nodes.count
        else { return fail(pointer, "type", "Expected a list of 1 to \(SegmentRule.maximumValues) strings.") }
        for (index, text) in texts.enumerated() where SegmentRule.text.fault(of: text) != nil {
            errors.append(FieldError("\(pointer)/\(index)", "length", Self.length))
        }
        return texts
    }

    private static let length = "1 to \(SegmentRule.longestText) characters that are not all blank."

    /// Something to look for: a text without letters and digits would be found everywhere.
    private mutating func part(_ node: JSONNode, at pointer: String) -> [String]? {
        guard let texts = texts(node, isList: false, at: pointer) else { return nil }
        return texts[0].unicodeScalars.contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
            ? texts : fail(pointer, "invalid", "A text with a letter or a digit.")
    }

    private mutating func identifiers(
        _ node: JSONNode, isList: Bool, _ target: ObjectLink.Target, at pointer: String
    ) -> [UUID]? {
        guard let texts = texts(node, isList: isList, at: pointer) else { return nil }
        let places = texts.enumerated().map { index, text in
            (pointer: isList ? "\(pointer)/\(index)" : pointer, id: UUID(uuidString: text))
        }
        for place in places where place.id == nil {
            errors.append(
                FieldError(place.pointer, "not_found", "There is no such \(target.kind.replacing("_", with: " "))."))
        }
        let found = places.compactMap { place in place.id.map { (place.pointer, $0) } }
        links.append(ObjectLink(target, found))
        return found.map(\.1)
    }

    private mutating func days(_ node: JSONNode, at pointer: String) -> Int? {
        if let number = number(node), let days = Int(exactly: (number as NSDecimalNumber).doubleValue),
            (1...SegmentRule.maximumDays).contains(days)
        {
            return days
        }
        return fail(pointer, "range", "A number of days, 1 to \(SegmentRule.maximumDays).")
    }

    private mutating func flag(_ node: JSONNode, at pointer: String) -> Bool? {
        if case .bool(let flag) = node { return flag }
        return fail(pointer, "type", "Expected true or false.")
    }

    private func number(_ node: JSONNode) -> Decimal? {
        switch node {
        case .number(let number): number
        case .string(let text): Decimal(plain: text)
        default: nil
        }
    }

    // MARK: Narrowing

    /// - Returns: `nil` where something is wrong with it.
    private mutating func narrowing(
        _ members: [String: JSONNode], of subject: SegmentRule.Subject?, at pointer: String
    ) -> SegmentNarrowing? {
        var narrowing = SegmentNarrowing()
        let before = errors.count
        var activity: SegmentActivity?
        if case .field(let field) = subject { activity = field.activity }
        for (name, node) in members.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/\(FieldError.escaped(name))"
            switch (name, activity) {
            case ("field", _), ("op", _), ("value", _): break
            case ("last_days", .some): narrowing.lastDays = days(node, at: place)
            case ("product_ids", .orders):
                narrowing.products = identifiers(node, isList: true, .product, at: place) ?? []
            case ("kinds", .interactions):
                narrowing.kinds = choices(InteractionValues.Kind.self, node, at: place)
            case ("channels", .interactions):
                narrowing.channels = choices(InteractionValues.Channel.self, node, at: place)
            case ("department_ids", .interactions):
                narrowing.departments = identifiers(node, isList: true, .department, at: place) ?? []
            case ("touchpoint_ids", .interactions):
                narrowing.touchpoints = identifiers(node, isList: true, .touchpoint, at: place) ?? []
            case ("is_open", .interactions): narrowing.isOpen = flag(node, at: place)
            default:
                errors.append(FieldError(place, "unknown", Self.expectation(of: subject, activity)))
            }
        }
        return errors.count == before ? narrowing : nil
    }

    private static func expectation(of subject: SegmentRule.Subject?, _ activity: SegmentActivity?) -> String {
        switch activity {
        case .orders: "Expected field, op, value, last_days or product_ids."
        case .interactions:
            "Expected field, op, value, last_days, kinds, channels, department_ids, touchpoint_ids or is_open."
        case nil:
            subject == nil
                ? "Expected all, any, not, or field with op and value." : "Expected field, op and value."
        }
    }

    private mutating func choices<Choice: JSONChoice>(
        _ type: Choice.Type, _ node: JSONNode, at pointer: String
    ) -> [String] {
        let texts = texts(node, isList: true, at: pointer) ?? []
        for (index, text) in texts.enumerated() where Choice(rawValue: text) == nil {
            errors.append(
                FieldError(
                    "\(pointer)/\(index)", "unknown",
                    "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))."))
        }
        return texts
    }

    private mutating func fail<Result>(_ pointer: String, _ code: String, _ detail: String) -> Result? {
        errors.append(FieldError(pointer, code, detail))
        return nil
    }
}

extension JSONNode {
    fileprivate var isScalar: Bool {
        switch self {
        case .string, .number, .bool: true
        case .null, .array, .object: false
        }
    }
}
