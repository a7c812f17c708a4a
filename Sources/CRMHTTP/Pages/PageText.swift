import CRM

/// The fixed texts of the public pages in one language.
struct PageText: Sendable {
    /// A heading and what to do next.
    struct Notice: Sendable {
        var heading: String
        /// Paragraphs; `SENDER` stands for the tenant's name.
        var body: [String]
    }

    var sender: String
    var submit: String
    var required: String
    var optional: String
    var noAnswer: String
    var unsubscribe: String
    var errorPrefix: String
    var errorSummary: String
    var missing: String
    var notAnOption: String
    /// `LIMIT` stands for a number of characters.
    var tooLong: String
    var likely: ScaleAnchors
    var satisfied: ScaleAnchors
    var agree: ScaleAnchors
    var thanksHeading: String
    var recorded: String
    /// `UNTIL` stands for a time.
    var changeable: String
    var unchangeable: String
    var change: String
    var confirmUnsubscribe: String
    var notices: @Sendable (NoticePage.Kind) -> Notice

    /// What the two ends of a scale mean.
    struct ScaleAnchors: Sendable {
        var low: String
        var high: String
    }

    /// The texts for a BCP 47 tag; English where there is no translation.
    static func of(_ code: String) -> PageText {
        translations[WrittenLanguage(code).primary] ?? english
    }

    /// The first language of an `Accept-Language` header that has a translation, else `en`: for links that lead to no
    /// survey, and so to no language.
    static func preferredLanguage(_ acceptLanguage: String?) -> String {
        let wanted = (acceptLanguage ?? "").split(separator: ",").map { range in
            let parts = range.split(separator: ";").map { $0.trimming(while: \.isWhitespace) }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            return (code: WrittenLanguage(String(parts.first ?? "")).primary, quality: quality)
        }
        let known = wanted.enumerated().filter { $0.element.quality > 0 && translations[$0.element.code] != nil }
        let best = known.max { ($0.element.quality, $1.offset) < ($1.element.quality, $0.offset) }
        return best?.element.code ?? "en"
    }

    private static let translations = ["fa": persian, "en": english]
}

extension Substring {
    fileprivate func trimming(while isTrimmed: (Character) -> Bool) -> Substring {
        guard let first = firstIndex(where: { !isTrimmed($0) }), let last = lastIndex(where: { !isTrimmed($0) }) else {
            return ""
        }
        return self[first...last]
    }
}
