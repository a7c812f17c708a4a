import CRM
import Foundation
import Hummingbird
import Postgres

/// Reads the parameters of a query and reports every bad one at once, unknown ones too, so that a misspelt filter does not
/// silently show everything.
///
/// The same reading describes the query: read without values, it notes which parameters are asked for.
struct QueryReader {
    private static let maximumParameters = 50

    private var values: [(name: String, value: String)]
    private(set) var errors: [FieldError] = []
    /// The parameters asked for so far; `nil` while values are read.
    private(set) var described: [Parameter]?

    /// - Parameter query: as it stands in the URL.
    init(_ query: String?) {
        let pairs = QueryString.read(query ?? "")
        values = pairs.map { ($0.name, $0.value) }
        guard values.count <= Self.maximumParameters else {
            values = []
            fail("", "too_many", "At most \(Self.maximumParameters) parameters.")
            return
        }
        var seen: Set<String> = []
        for pair in pairs {
            if !seen.insert(pair.name).inserted { fail(pair.name, "duplicate", "Stands twice.") }
            if pair.isBroken { fail(pair.name, "invalid", "Is not UTF-8 in percent escapes.") }
            if pair.name.utf8.contains(0) || pair.value.utf8.contains(0) {
                fail(pair.name, "invalid", "Holds a character that is not allowed.")
            }
        }
    }

    /// Of the parameters that were not taken yet.
    var names: [String] { values.map(\.name) }

    static func parameters(_ read: (inout QueryReader) -> Void) -> [Parameter] {
        var reader = QueryReader(nil)
        reader.described = []
        read(&reader)
        return reader.described ?? []
    }

    /// - Throws: ``RequestProblem/query(_:)`` with everything that is wrong.
    mutating func end() throws {
        for (name, _) in values { fail(name, "unknown", "There is no such parameter.") }
        if !errors.isEmpty { throw RequestProblem.query(errors) }
    }

    mutating func fail(_ name: String, _ code: String, _ detail: String) {
        let name = String(name.prefix(100))
        guard !errors.contains(where: { $0.pointer == name }) else { return }
        errors.append(FieldError(name, code, detail))
    }

    // MARK: Parameters

    /// The value of a parameter, taken; where parameters are described, `nil`.
    mutating func take(_ name: String, _ schema: @autoclosure () -> JSONSchema, _ description: String) -> String? {
        if described != nil {
            described?.append(Parameter(.query, name, schema(), description))
            return nil
        }
        guard let index = values.firstIndex(where: { $0.name == name }) else { return nil }
        return values.remove(at: index).value
    }

    mutating func choice<Choice: JSONChoice>(
        _ name: String, _ description: String, _ type: Choice.Type = Choice.self
    ) -> Choice? {
        take(name, Choice.schema, description).flatMap { value in
            Choice(rawValue: value) ?? wrong(name, "unknown", Self.oneOf(Choice.self))
        }
    }

    mutating func text(_ name: String, _ rule: TextRule, _ description: String) -> String? {
        take(name, rule.schema, description).flatMap { text in
            guard let fault = rule.fault(of: text) else { return text }
            return wrong(name, fault.code, fault.detail)
        }
    }

    /// A text that must be there; empty where it is not, which is reported.
    mutating func requiredText(_ name: String, _ rule: TextRule, _ description: String) -> String {
        let text = text(name, rule, description)
        if let last = described?.indices.last { described?[last].isRequired = true }
        if described == nil, text == nil { fail(name, "required", "Is required.") }
        return text ?? ""
    }

    mutating func day(_ name: String, _ description: String) -> LocalDate? {
        take(name, .day, description).flatMap { LocalDate($0) ?? wrong(name, "invalid", "A day as YYYY-MM-DD.") }
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>, _ description: String) -> Int? {
        take(name, .integer(in: range), description).flatMap { text in
            if let number = Int(text), range.contains(number) { return number }
            return wrong(name, "range", "\(range.lowerBound) to \(range.upperBound).")
        }
    }

    mutating func flag(_ name: String, _ description: String) -> Bool? {
        take(name, .boolean, description).flatMap { Bool($0) ?? wrong(name, "invalid", "true or false.") }
    }

    // MARK: Filters: filter[name]=… and filter[name][in]=…,…

    mutating func filterChoices<Choice: JSONChoice>(
        _ name: String, _ description: String, _ type: Choice.Type = Choice.self
    ) -> [Choice]? {
        filter(name, Choice.schema, description) {
            Choice(rawValue: $0)
        } fault: {
            ("unknown", Self.oneOf(Choice.self))
        }
    }

    mutating func filterTexts(_ name: String, _ rule: TextRule, _ description: String) -> [String]? {
        filter(name, rule.schema, description) {
            rule.fault(of: $0) == nil ? $0 : nil
        } fault: {
            ("invalid", "Cannot be one.")
        }
    }

    mutating func filterText(_ name: String, _ rule: TextRule, _ description: String) -> String? {
        text("filter[\(name)]", rule, description)
    }

    /// - Parameter choices: all that there are.
    mutating func filterTexts(_ name: String, amongst choices: [String], _ description: String) -> [String]? {
        filter(name, .choice(choices), description) {
            choices.contains($0) ? $0 : nil
        } fault: {
            ("unknown", "One of \(choices.joined(separator: ", ")).")
        }
    }

    mutating func filterIdentifier<Object: Resource>(_ name: String, _ description: String) -> Identifier<Object>? {
        filterUUID(name, of: Object.kind, description).map { Identifier(rawValue: $0) }
    }

    /// - Parameter kind: of the object; `nil` for whatever there is.
    mutating func filterUUID(_ name: String, of kind: String? = nil, _ description: String) -> UUID? {
        let full = "filter[\(name)]"
        return take(full, kind.map { .identifier(of: $0) } ?? .identifier, description).flatMap {
            UUID(uuidString: $0) ?? wrong(full, "invalid", "One UUID.")
        }
    }

    /// - Parameter relation: such as `gte`.
    mutating func filterTime(_ name: String, _ relation: String, _ description: String) -> Date? {
        let full = "filter[\(name)][\(relation)]"
        return take(full, .time, description).flatMap {
            Date(rfc3339: $0) ?? wrong(full, "invalid", "A time such as 2026-11-22T08:30:00Z.")
        }
    }

    mutating func filterFlag(_ name: String, _ description: String) -> Bool? {
        flag("filter[\(name)]", description)
    }

    private mutating func filter<Value>(
        _ name: String, _ schema: JSONSchema, _ description: String, _ read: (String) -> Value?,
        fault: () -> (code: String, detail: String)
    ) -> [Value]? {
        let (one, several) = ("filter[\(name)]", "filter[\(name)][in]")
        let single = take(one, schema, description).map { (one, [$0]) }
        let list = take(several, .list(of: schema, count: 1...200), description + " Several, separated by commas.")
            .map { (several, $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)) }
        guard let (place, texts) = single ?? list else { return nil }
        if single != nil, list != nil { return wrong(several, "duplicate", "Either \(one) or \(several).") }
        guard texts.count <= 200 else { return wrong(place, "too_many", "At most 200.") }
        let values = texts.compactMap(read)
        guard values.count == texts.count else { return wrong(place, fault().code, fault().detail) }
        return values
    }

    private mutating func wrong<Value>(_ name: String, _ code: String, _ detail: String) -> Value? {
        fail(name, code, detail)
        return nil
    }

    private static func oneOf<Choice: JSONChoice>(_ type: Choice.Type) -> String {
        "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))."
    }
}
