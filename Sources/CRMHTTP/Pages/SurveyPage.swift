import CRM

/// The page on which a respondent answers a survey.
struct SurveyPage: Sendable {
    /// A BCP 47 tag; it decides the fixed texts, the direction and the digits.
    var languageCode: String
    var tenantName: String
    var title: String
    var questions: [Question]
    /// Something to know before answering, in the page's language.
    var notice: String?
    /// The path that the form posts to.
    var action: String
    var unsubscribePath: String

    struct Question: Sendable {
        /// The name of the form's field.
        var id: String
        var kind: Kind
        var text: String
        var isRequired = false
        /// For ``Kind/choice`` only.
        var options: [Option] = []
        /// What was given before, or is preselected; a value that the question does not offer is not shown.
        var value: String?
        var problem: Problem?
    }

    enum Kind: String, Sendable {
        case nps, csat, ces, text, choice

        /// The scores that the question offers, `nil` when it is no scale.
        var scores: ClosedRange<Int>? {
            switch self {
            case .nps: 0...10
            case .csat: 1...5
            case .ces: 1...7
            case .text, .choice: nil
            }
        }
    }

    struct Option: Sendable {
        var value: String
        var label: String
    }

    /// Why an answer was not taken.
    enum Problem: Sendable {
        /// The question is required and has no answer.
        case missing
        /// The value is none of the scores or options.
        case notAnOption
        /// The text has more than ``SurveyPage/maximumLength`` characters.
        case tooLong
    }

    /// The longest text that the page lets a respondent write, in UTF-16 code units as browsers count them.
    static let maximumLength = 4000

    func render() -> String {
        let text = PageText.of(languageCode)
        let language = WrittenLanguage(languageCode)
        let views = questions.enumerated().map { number, question in
            SurveyPage.view(of: question, number: number + 1, text: text, language: language)
        }
        var values: [String: Any] = [
            "action": action,
            "unsubscribePath": unsubscribePath,
            "questions": views,
            "submit": text.submit,
            "unsubscribe": text.unsubscribe,
        ]
        values["notice"] = notice
        if questions.contains(where: { $0.problem != nil }) {
            values["errorPrefix"] = text.errorPrefix
            values["errorSummary"] = text.errorSummary
        }
        return PublicPage.render("survey", language: language, heading: title, tenantName: tenantName, values)
    }

    private static func view(
        of question: Question, number: Int, text: PageText, language: WrittenLanguage
    ) -> [String: Any] {
        var view: [String: Any] = [
            "field": "q\(number)",
            "name": question.id,
            "question": question.text,
            "isRequired": question.isRequired,
            "mark": question.isRequired ? text.required : text.optional,
        ]
        view["problem"] = question.problem.map { $0.message(text, language) }
        if let scores = question.kind.scores {
            view["scale"] = scale(scores, of: question, text: text, language: language)
        } else if question.kind == .choice {
            view["choice"] = [
                "options": options(
                    question.options.map { ($0.value, $0.label) }, of: question, text: text)
            ]
        } else {
            view["freeText"] = ["value": question.value ?? "", "limit": maximumLength] as [String: Any]
        }
        return view
    }

    private static func scale(
        _ scores: ClosedRange<Int>, of question: Question, text: PageText, language: WrittenLanguage
    ) -> [String: Any] {
        let anchors = question.kind.anchors(text)
        var options = options(scores.map { (String($0), language.digits($0)) }, of: question, text: text)
        options[0]["meaning"] = anchors.low
        options[scores.count - 1]["meaning"] = anchors.high
        return [
            "kind": question.kind.rawValue,
            "options": options,
            "lowest": language.digits(scores.lowerBound),
            "low": anchors.low,
            "highest": language.digits(scores.upperBound),
            "high": anchors.high,
        ]
    }

    /// The options, and for a question that may be left out one to take an answer back.
    private static func options(
        _ choices: [(value: String, label: String)], of question: Question, text: PageText
    ) -> [[String: Any]] {
        var options: [[String: Any]] = choices.enumerated().map { index, choice in
            [
                "input": "-\(index)", "value": choice.value, "label": choice.label,
                "isChosen": choice.value == question.value, "isNone": false,
            ]
        }
        if !question.isRequired {
            options.append([
                "input": "-none", "value": "", "label": text.noAnswer, "isChosen": question.value?.isEmpty ?? true,
                "isNone": true,
            ])
        }
        return options
    }
}

extension SurveyPage.Kind {
    fileprivate func anchors(_ text: PageText) -> PageText.ScaleAnchors {
        switch self {
        case .nps: text.likely
        case .csat: text.satisfied
        case .ces, .text, .choice: text.agree
        }
    }
}

extension SurveyPage.Problem {
    fileprivate func message(_ text: PageText, _ language: WrittenLanguage) -> String {
        switch self {
        case .missing: text.missing
        case .notAnOption: text.notAnOption
        case .tooLong:
            text.tooLong.replacing("LIMIT", with: language.digits(SurveyPage.maximumLength))
        }
    }
}
