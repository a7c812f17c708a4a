extension Survey: Resource {
    public static let kind = "survey"
    public static let schemaName = "Survey"
    public static let schemaDescription = "A questionnaire. Its draft may change; what was published never does."

    public static var example: Survey {
        Survey(
            id: Example.id(), name: "Would you recommend us", metric: .nps,
            content: SurveyContent(
                defaultLanguage: "en",
                title: LocalizedText(["en": "What you think of us", "fa": "نظر شما دربارهٔ ما"]),
                questions: [.example], thanks: nil),
            publishedVersion: 1, version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The survey's id.")
        json.member("name", name, "Its name, which no other survey has.")
        json.member("metric", metric, "What is measured.")
        json.member("default_language", content.defaultLanguage, "The language of those whose own it does not speak.")
        json.member("title", content.title, "The title, by language.")
        json.member("questions", content.questions, "The questions in their order.")
        json.member("thanks", content.thanks, "Said after the answer, by language.")
        json.member(
            "published_version", publishedVersion, "The newest version that may be sent; null before the first.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension SurveyQuestion: JSONObject {
    public static let schemaName = "SurveyQuestion"
    public static let schemaDescription = "One question of a survey."
    public static var example: SurveyQuestion {
        SurveyQuestion(
            id: "score", kind: .nps,
            text: LocalizedText([
                "en": "How likely are you to recommend us to a friend?",
                "fa": "چقدر احتمال دارد ما را به دوستان خود پیشنهاد کنید؟",
            ]), required: true)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The name of its answer: a letter, then letters, digits and underscores.")
        json.member("kind", kind, "What is asked for: a score of 0–10 (nps), 1–5 (csat) or 1–7 (ces), or words.")
        json.member("text", text, "The question, by language.")
        json.member("required", required, "Whether it must be answered.")
    }
}

extension LocalizedText: JSONRepresentable {
    public static var schema: JSONSchema { .map(of: .string) }
    public func write(to json: inout JSONWriter) { texts.write(to: &json) }
}
