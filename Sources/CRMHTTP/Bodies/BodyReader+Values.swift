import CRM
import Foundation
import Postgres

/// How the values of members are read: of what schema each is, and what is reported of those that are not.
extension BodyReader {
    // MARK: Texts

    mutating func text(_ name: String, _ rule: TextRule, _ description: String) -> String? {
        optional(name, rule.schema, description) { value, reader in reader.text(value, name, rule) }
    }

    mutating func requiredText(_ name: String, _ rule: TextRule, _ description: String) -> String {
        required(name, rule.schema, description, else: "") { value, reader in reader.text(value, name, rule) }
    }

    mutating func removableText(_ name: String, _ rule: TextRule, _ description: String) -> String?? {
        removable(name, rule.schema, description) { value, reader in reader.text(value, name, rule) }
    }

    private mutating func text(_ value: JSONNode, _ name: String, _ rule: TextRule) -> String? {
        guard case .string(let text) = value else { return wrong(name, "type", "Expected a string.") }
        if let fault = rule.fault(of: text) { fail(name, fault.code, fault.detail) }
        return text
    }

    mutating func texts(_ name: String, _ rule: TextRule, atMost most: Int, _ description: String) -> [String]? {
        optional(name, .list(of: rule.schema, count: 0...most), description) { value, reader in
            reader.list(value, name, 0...most) { value, name, reader in reader.text(value, name, rule) }
        }
    }

    /// Texts by names, which have a rule of their own.
    mutating func texts(
        _ name: String, by names: TextRule, _ rule: TextRule, atMost most: Int, _ description: String
    ) -> [String: String]? {
        optional(name, .map(of: rule.schema, names: names.schema, atMost: most), description) { value, reader in
            guard case .object(let members) = value else { return reader.wrong(name, "type", "Expected an object.") }
            var texts: [String: String] = [:]
            for (member, node) in members.sorted(by: { $0.key < $1.key }) {
                if case .string(let text) = node {
                    texts[member] = text
                } else {
                    reader.fail("\(name)/\(FieldError.escaped(member))", "type", "Expected a string.")
                }
            }
            return texts
        }
    }

    // MARK: Numbers and flags

    mutating func integer(_ name: String, in range: ClosedRange<Int>, _ description: String) -> Int? {
        optional(name, .integer(in: range), description) { value, reader in reader.integer(value, name, in: range) }
    }

    mutating func requiredInteger(_ name: String, in range: ClosedRange<Int>, _ description: String) -> Int {
        required(name, .integer(in: range), description, else: range.lowerBound) { value, reader in
            reader.integer(value, name, in: range)
        }
    }

    private mutating func integer(_ value: JSONNode, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard case .number(let number) = value, let integer = Int(exactly: NSDecimalNumber(decimal: number).doubleValue)
        else { return wrong(name, "type", "Expected a whole number.") }
        guard range.contains(integer) else {
            return wrong(name, "range", "\(range.lowerBound) to \(range.upperBound).")
        }
        return integer
    }

    mutating func flag(_ name: String, _ description: String) -> Bool? {
        optional(name, .boolean, description) { value, reader in
            reader.flag(value, name)
        }
    }

    /// A flag that is another one where none is told.
    mutating func flag(_ name: String, or usual: Bool, _ description: String) -> Bool {
        optional(name, .boolean, description, isKept: true) { value, reader in reader.flag(value, name) } ?? usual
    }

    private mutating func flag(_ value: JSONNode, _ name: String) -> Bool? {
        if case .bool(let flag) = value { flag } else { wrong(name, "type", "Expected true or false.") }
    }

    mutating func requiredFlag(_ name: String, _ description: String) -> Bool {
        required(name, .boolean, description, else: false) { value, reader in
            reader.flag(value, name)
        }
    }

    /// An amount of money.
    mutating func amount(_ name: String, _ description: String) -> Decimal {
        required(name, TextRule.amount.schema, description, else: 0) { value, reader in reader.amount(value, name) }
    }

    mutating func optionalAmount(_ name: String, _ description: String) -> Decimal? {
        optional(name, TextRule.amount.schema, description) { value, reader in reader.amount(value, name) }
    }

    private mutating func amount(_ value: JSONNode, _ name: String) -> Decimal? {
        guard case .string(let text) = value, let amount = Decimal(plain: text) else {
            return wrong(name, "invalid", "Expected a number in a string, such as \"12.50\".")
        }
        return amount
    }

    // MARK: Choices, identifiers, days

    mutating func choice<Choice: JSONChoice>(
        _ name: String, _ description: String, _ type: Choice.Type = Choice.self
    ) -> Choice? {
        optional(name, Choice.schema, description) { value, reader in reader.choice(value, name) }
    }

    /// A choice that is another one where none is told.
    mutating func choice<Choice: JSONChoice>(_ name: String, or usual: Choice, _ description: String) -> Choice {
        optional(name, Choice.schema, description, isKept: true) { value, reader in reader.choice(value, name) }
            ?? usual
    }

    mutating func requiredChoice<Choice: JSONChoice>(
        _ name: String, else substitute: Choice, _ description: String
    ) -> Choice {
        required(name, Choice.schema, description, else: substitute) { value, reader in reader.choice(value, name) }
    }

    private mutating func choice<Choice: JSONChoice>(_ value: JSONNode, _ name: String) -> Choice? {
        guard case .string(let text) = value else { return wrong(name, "type", "Expected a string.") }
        return Choice(rawValue: text)
            ?? wrong(name, "unknown", "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
    }

    mutating func choices<Choice: JSONChoice>(
        _ name: String, _ description: String, _ type: Choice.Type = Choice.self
    ) -> [Choice]? {
        let count = 1...Choice.allCases.count
        return optional(name, .list(of: Choice.schema, count: count), description) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.choice(value, name) }
        }
    }

    mutating func requiredChoices<Choice: JSONChoice>(
        _ name: String, _ description: String, _ type: Choice.Type = Choice.self
    ) -> [Choice] {
        let count = 1...Choice.allCases.count
        return required(name, .list(of: Choice.schema, count: count), description, else: []) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.choice(value, name) }
        }
    }

    /// - Parameter kind: which of the objects, where not each will do.
    mutating func identifier<Object: Resource>(
        _ name: String, of kind: String = Object.kind, _ description: String
    ) -> Identifier<Object>? {
        optional(name, .identifier(of: kind), description) { value, reader in reader.identifier(value, name) }
    }

    mutating func requiredIdentifier<Object: Resource>(
        _ name: String, _ description: String
    ) -> Identifier<Object> {
        required(
            name, .identifier(of: Object.kind), description, else: Identifier<Object>(rawValue: UUID())
        ) { value, reader in reader.identifier(value, name) }
    }

    mutating func identifiers<Object: Resource>(
        _ name: String, count: ClosedRange<Int>, _ description: String
    ) -> [Identifier<Object>]? {
        optional(name, .list(of: .identifier(of: Object.kind), count: count), description) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.identifier(value, name) }
        }
    }

    mutating func requiredIdentifiers<Object: Resource>(
        _ name: String, count: ClosedRange<Int>, _ description: String
    ) -> [Identifier<Object>] {
        required(name, .list(of: .identifier(of: Object.kind), count: count), description, else: []) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.identifier(value, name) }
        }
    }

    private mutating func identifier<Object>(_ value: JSONNode, _ name: String) -> Identifier<Object>? {
        guard case .string(let text) = value else { return wrong(name, "type", "Expected a string.") }
        return Identifier<Object>(text) ?? wrong(name, "invalid", "Expected a UUID.")
    }

    mutating func day(_ name: String, _ description: String) -> LocalDate? {
        optional(name, .day, description) { value, reader in reader.day(value, name) }
    }

    mutating func requiredDay(_ name: String, _ description: String) -> LocalDate {
        required(name, .day, description, else: LocalDate(daysSince2000: 0)) { value, reader in
            reader.day(value, name)
        }
    }

    private mutating func day(_ value: JSONNode, _ name: String) -> LocalDate? {
        guard case .string(let text) = value else { return wrong(name, "type", "Expected a string.") }
        return LocalDate(text) ?? wrong(name, "invalid", "Expected a day as YYYY-MM-DD.")
    }

    mutating func time(_ name: String, _ description: String) -> Date? {
        optional(name, .time, description) { value, reader in reader.time(value, name) }
    }

    /// A time that is another one where none is told.
    mutating func time(_ name: String, or usual: @autoclosure () -> Date, _ description: String) -> Date {
        optional(name, .time, description, isKept: true) { value, reader in reader.time(value, name) } ?? usual()
    }

    private mutating func time(_ value: JSONNode, _ name: String) -> Date? {
        guard case .string(let text) = value else { return wrong(name, "type", "Expected a string.") }
        return Date(rfc3339: text) ?? wrong(name, "invalid", "A time such as 2026-11-22T08:30:00Z.")
    }

    // MARK: Words by language

    mutating func localized(_ name: String, _ longest: Int, _ description: String) -> LocalizedText? {
        optional(name, Self.localizedSchema(longest), description) { value, reader in reader.localized(value, name) }
    }

    mutating func requiredLocalized(_ name: String, _ longest: Int, _ description: String) -> LocalizedText {
        required(name, Self.localizedSchema(longest), description, else: LocalizedText([:])) { value, reader in
            reader.localized(value, name)
        }
    }

    mutating func removableLocalized(_ name: String, _ longest: Int, _ description: String) -> LocalizedText?? {
        removable(name, Self.localizedSchema(longest), description) { value, reader in reader.localized(value, name) }
    }

    private static func localizedSchema(_ longest: Int) -> JSONSchema {
        .map(
            of: TextRule.words(longest).schema, names: TextRule.language.schema, atMost: LocalizedText.maximumLanguages)
    }

    private mutating func localized(_ value: JSONNode, _ name: String) -> LocalizedText? {
        guard case .object(let members) = value else { return wrong(name, "type", "Expected an object.") }
        guard members.count <= LocalizedText.maximumLanguages else {
            return wrong(name, "too_many", "At most \(LocalizedText.maximumLanguages) languages.")
        }
        var texts: [String: String] = [:]
        for (language, node) in members.sorted(by: { $0.key < $1.key }) {
            if case .string(let text) = node {
                texts[language] = text
            } else {
                fail("\(name)/\(FieldError.escaped(language))", "type", "Expected a string.")
            }
        }
        return LocalizedText(texts)
    }
}
