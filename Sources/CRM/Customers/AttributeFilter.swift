import Foundation
import Postgres

/// Which customers are shown by an attribute of the business's own: who has one of some values, or one before or behind another.
///
/// A text is taken for what the attribute is: `5` for a number where the business keeps a number. Where it keeps what it likes, it
/// is taken for whatever it can be.
public struct AttributeFilter: Sendable {
    public enum Comparison: String, Sendable, CaseIterable { case eq, `in`, gt, gte, lt, lte }

    public static let nameRule = TextRule.words(100)
    public static let textRule = TextRule.words(1000)
    /// The most of a filter.
    public static let maximum = 10

    /// Where it was asked for, for whoever is told that it cannot be.
    let place: String
    let name: String
    let comparison: Comparison
    let texts: [String]

    /// - Parameter texts: one, but for ``Comparison/in``.
    /// - Returns: `nil` for an order of what has none.
    public init?(_ name: String, _ comparison: Comparison, _ texts: [String], at place: String) {
        (self.name, self.comparison, self.texts, self.place) = (name, comparison, texts, place)
        if isOfOrder, !texts.allSatisfy({ Self.number($0) != nil || LocalDate($0) != nil }) { return nil }
    }

    private var isOfOrder: Bool { comparison != .eq && comparison != .in }

    private static func number(_ text: String) -> Decimal? {
        text.wholeMatch(of: /-?[0-9]{1,20}(?:\.[0-9]{1,18})?/) != nil ? Decimal(string: text) : Decimal(plain: text)
    }

    /// What a text may stand for, one of each kind of JSON.
    private static func values(of text: String) -> [JSONNode] {
        [.string(text)] + (number(text).map { [.number($0)] } ?? []) + (Bool(text).map { [.bool($0)] } ?? [])
    }
}

extension AttributeFilter {
    /// Of customers `c`.
    func condition(of tenant: Tenant.ID) -> SQL {
        let value: SQL = "(c.attributes -> \(name)::text)"
        guard isOfOrder else { return "\(value) = ANY (\(values(of: tenant)))" }
        if let number = Self.number(texts[0]) { return AttributeCondition.number(value, sign, number) }
        return LocalDate(texts[0]).map { AttributeCondition.day(value, sign, $0) } ?? "false"
    }

    private var sign: SQL {
        switch comparison {
        case .eq, .in: "="
        case .gt: ">"
        case .gte: ">="
        case .lt: "<"
        case .lte: "<="
        }
    }

    /// What the texts stand for where the attribute is what the business says; looked up once, and not for each customer.
    private func values(of tenant: Tenant.ID) -> SQL {
        let candidates = texts.flatMap(Self.values).map { String(decoding: JSONWriter.bytes(of: $0), as: UTF8.self) }
        return """
            ARRAY(SELECT v.value FROM unnest(\(candidates)::text[]::jsonb[]) AS v (value)
                WHERE NOT EXISTS (SELECT FROM crm.customer_attribute a
                    WHERE a.tenant_id = \(tenant) AND a.name = \(name) AND a.deleted_at IS NULL AND jsonb_typeof(v.value)
                        <> CASE a.type WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean' ELSE 'string' END))
            """
    }

    /// Raises `MV006` when the business keeps no such attributes, or other ones than the filters take them for.
    static func check(_ tenant: Tenant.ID, _ filters: [AttributeFilter]) throws -> Statement<Void> {
        Statement(
            effect: "customer.check_attribute_filters",
            "SELECT crm.check_attribute_filters(\(tenant), \(try JSONValue(filters.map(Asked.init))))")
    }

    /// A filter as `crm.check_attribute_filters` is told of it.
    private struct Asked: Codable, Sendable {
        struct Value: Codable {
            let text: String
            let kinds: [String]
        }

        let place: String
        let name: String
        let isOfOrder: Bool
        let values: [Value]

        init(_ filter: AttributeFilter) {
            (place, name, isOfOrder) = (filter.place, filter.name, filter.isOfOrder)
            values = filter.texts.map { text in
                var kinds = ["text"]
                if AttributeFilter.number(text) != nil { kinds.append("number") }
                if LocalDate(text) != nil { kinds.append("day") }
                if Bool(text) != nil { kinds.append("boolean") }
                return Value(text: text, kinds: kinds)
            }
        }
    }
}
