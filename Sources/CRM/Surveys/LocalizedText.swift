/// The same words in several languages, by ISO 639 code. In JSON: `{"fa": "…", "en": "…"}`.
public struct LocalizedText: Sendable, Equatable, Codable {
    public static let maximumLanguages = 50

    public var texts: [String: String]

    public init(_ texts: [String: String]) { self.texts = texts }

    public init(from decoder: any Decoder) throws {
        texts = try decoder.singleValueContainer().decode([String: String].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }

    /// The words in `language`, else in `fallback`, else in any language that there is.
    public func text(in language: String, fallback: String) -> String {
        texts[language] ?? texts[fallback] ?? texts.min { $0.key < $1.key }?.value ?? ""
    }

    /// Reports a language that is not one of `languages`, a missing one, and texts that are too long or blank.
    func check(_ pointer: String, languages: Set<String>, longest: Int, into errors: inout [FieldError]) {
        guard texts.count <= Self.maximumLanguages, languages.count <= 2 * Self.maximumLanguages else {
            errors.append(FieldError(pointer, "too_many", "At most \(Self.maximumLanguages) languages."))
            return
        }
        for language in languages.sorted() where texts[language] == nil {
            errors.append(FieldError("\(pointer)/\(language)", "required", "The survey speaks this language too."))
        }
        for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/\(FieldError.escaped(language))"
            TextRule.language.check(language, place, into: &errors)
            TextRule.words(longest).check(text, place, into: &errors)
        }
    }
}
