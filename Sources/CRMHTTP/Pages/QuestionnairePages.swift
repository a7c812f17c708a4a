import CRM
import Foundation

extension SurveyPage {
    /// The questions with what was answered before, what a link or form brought, and what is wrong with it.
    init(
        _ questionnaire: Questionnaire, _ token: SecretToken, values: [String: String],
        problems: [String: RespondentService.Problem] = [:]
    ) {
        let content = questionnaire.content
        let answers = Dictionary(
            questionnaire.answers.map { ($0.questionID, $0.score.map(String.init) ?? $0.text) },
            uniquingKeysWith: { $1 })
        // A link in a mail carries `score=…` whatever the question's id is.
        let scored = content.questions.first { $0.kind.scores != nil }?.id
        self.init(
            languageCode: questionnaire.language, tenantName: questionnaire.tenantName,
            title: content.title.text(in: questionnaire.language, fallback: content.defaultLanguage),
            questions: content.questions.map { question in
                Question(
                    id: question.id, kind: Kind(question.kind),
                    text: question.text.text(in: questionnaire.language, fallback: content.defaultLanguage),
                    isRequired: question.required,
                    value: values[question.id] ?? (question.id == scored ? values["score"] : nil)
                        ?? answers[question.id] ?? nil,
                    problem: problems[question.id].map(Problem.init))
            }, notice: nil, action: "/s/\(token.text)", unsubscribePath: "/u/\(token.text)")
    }
}

extension SurveyPage.Kind {
    fileprivate init(_ kind: SurveyQuestion.Kind) {
        self =
            switch kind {
            case .nps: .nps
            case .csat: .csat
            case .ces: .ces
            case .text: .text
            }
    }
}

extension SurveyPage.Problem {
    fileprivate init(_ problem: RespondentService.Problem) {
        self =
            switch problem {
            case .missing: .missing
            case .notAnOption: .notAnOption
            case .tooLong: .tooLong
            }
    }
}

extension ThanksPage {
    init(_ questionnaire: Questionnaire, change: Change?) {
        let content = questionnaire.content
        self.init(
            languageCode: questionnaire.language, tenantName: questionnaire.tenantName,
            thanks: content.thanks?.text(in: questionnaire.language, fallback: content.defaultLanguage), change: change)
    }
}
