import CRM

/// Filters by attributes of the business's own, of which only the business knows the names: `filter[attributes.NAME]=…`,
/// `filter[attributes.NAME][in]=…,…` and `filter[attributes.NAME][gte]=…`.
extension QueryReader {
    private static let beginning = "filter[attributes."

    mutating func filterAttributes() -> [AttributeFilter] {
        if described != nil {
            for comparison in AttributeFilter.Comparison.allCases { describe(comparison) }
            return []
        }
        var filters: [AttributeFilter] = []
        let places = names.filter { $0.hasPrefix(Self.beginning) }
        for place in places {
            guard let (name, comparison) = Self.parts(of: place), let text = take(place, .string, "") else { continue }
            let single = "\(Self.beginning)\(name)]"
            if comparison == .in, places.contains(single) {
                fail(place, "duplicate", "Either \(single) or \(place).")
            } else if let filter = filter(name, comparison, text, at: place) {
                filters.append(filter)
            }
        }
        if filters.count > AttributeFilter.maximum {
            fail(Self.beginning + "NAME]", "too_many", "At most \(AttributeFilter.maximum) of attributes.")
        }
        return filters
    }

    private mutating func describe(_ comparison: AttributeFilter.Comparison) {
        let place = Self.beginning + "NAME]" + (comparison == .eq ? "" : "[\(comparison)]")
        let text = AttributeFilter.textRule.schema
        _ = take(
            place, comparison == .in ? .list(of: text, count: 1...200) : text,
            "Only customers \(Self.words(comparison)). NAME stands for the name of an attribute of the business's own.")
    }

    private static func words(_ comparison: AttributeFilter.Comparison) -> String {
        switch comparison {
        case .eq: "with this value of the attribute"
        case .in: "with one of these values of the attribute, separated by commas"
        case .gt: "with more than this, or a later day"
        case .gte: "with at least this, or this day or a later one"
        case .lt: "with less than this, or an earlier day"
        case .lte: "with at most this, or this day or an earlier one"
        }
    }

    /// The attribute's name, and how it is compared; `nil` for what is no such filter.
    private static func parts(of place: String) -> (name: String, AttributeFilter.Comparison)? {
        var rest = place.dropFirst(beginning.count)
        var found = AttributeFilter.Comparison.eq
        for comparison in AttributeFilter.Comparison.allCases
        where comparison != .eq && rest.hasSuffix("][\(comparison)]") {
            found = comparison
            rest = rest.dropLast(comparison.rawValue.count + 2)
        }
        guard rest.hasSuffix("]"), case let name = rest.dropLast(), !name.contains("["), !name.contains("]") else {
            return nil
        }
        return (String(name), found)
    }

    private mutating func filter(
        _ name: String, _ comparison: AttributeFilter.Comparison, _ text: String, at place: String
    ) -> AttributeFilter? {
        let texts =
            comparison == .in ? text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : [text]
        if AttributeFilter.nameRule.fault(of: name) != nil {
            fail(place, "unknown", "There is no such attribute.")
        } else if texts.count > 200 {
            fail(place, "too_many", "At most 200.")
        } else if !texts.allSatisfy({ AttributeFilter.textRule.fault(of: $0) == nil }) {
            fail(place, "invalid", "Cannot be one.")
        } else if let filter = AttributeFilter(name, comparison, texts, at: place) {
            return filter
        } else {
            fail(place, "invalid", "A number, or a day as YYYY-MM-DD.")
        }
        return nil
    }
}
