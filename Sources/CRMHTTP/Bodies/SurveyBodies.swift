import CRM

extension NewSurvey: JSONBody {
    static let schemaName = "NewSurvey"
    static let schemaDescription = "The values of a new survey: its draft."
    static let example = """
        {"name": "Would you recommend us", "metric": "nps", "default_language": "en",
         "title": {"en": "What you think of us", "fa": "نظر شما دربارهٔ ما"},
         "questions": [{"id": "score", "kind": "nps", "required": true,
          "text": {"en": "How likely are you to recommend us?", "fa": "چقدر احتمال دارد ما را پیشنهاد کنید؟"}}]}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", SurveyRules.name, "A name that no other survey has."),
            metric: reader.requiredChoice("metric", else: .nps, "What is measured."),
            content: SurveyContent(
                defaultLanguage: reader.requiredText(
                    "default_language", .language,
                    "The language of those whose own it does not speak; the title has it."),
                title: reader.requiredLocalized("title", SurveyRules.longestTitle, "The title, by language."),
                questions: reader.requiredObjects(
                    "questions", count: SurveyRules.questions, "The questions in their order."
                ) { $0.question() },
                thanks: reader.localized("thanks", SurveyRules.longestThanks, "Said after the answer, by language.")))
    }
}

/// What a merge patch of a survey's draft changes; words and questions are replaced whole.
struct SurveyChanges: PatchBody {
    static let schemaName = "SurveyChanges"
    static let schemaDescription =
        "What a merge patch changes of a survey's draft; words and questions are replaced whole."
    static let example = #"{"name": "Would you recommend us?", "thanks": {"en": "Thank you.", "fa": "سپاس."}}"#

    var name: String?
    var defaultLanguage: String?
    var title: LocalizedText?
    var questions: [SurveyQuestion]?
    var thanks: LocalizedText??

    init(_ reader: inout BodyReader) {
        name = reader.text("name", SurveyRules.name, "A name that no other survey has.")
        defaultLanguage = reader.text(
            "default_language", .language, "The language of those whose own it does not speak.")
        title = reader.localized("title", SurveyRules.longestTitle, "The title, by language.")
        questions = reader.objects(
            "questions", count: SurveyRules.questions, "The questions in their order."
        ) { $0.question() }
        thanks = reader.removableLocalized("thanks", SurveyRules.longestThanks, "Said after the answer, by language.")
    }

    func apply(to survey: Survey) -> (name: String, content: SurveyContent) {
        var content = survey.content
        if let defaultLanguage { content.defaultLanguage = defaultLanguage }
        if let title { content.title = title }
        if let questions { content.questions = questions }
        if let thanks { content.thanks = thanks }
        return (name ?? survey.name, content)
    }
}

extension BodyReader {
    fileprivate mutating func question() -> SurveyQuestion {
        SurveyQuestion(
            id: requiredText("id", SurveyRules.question, "The name of its answer."),
            kind: requiredChoice("kind", else: .text, "What is asked for."),
            text: requiredLocalized("text", SurveyRules.longestQuestion, "The question, by language."),
            required: flag("required", "Whether it must be answered.") ?? false)
    }
}
