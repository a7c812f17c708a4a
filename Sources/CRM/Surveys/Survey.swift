public import Foundation

/// A questionnaire. The draft may change; what was published never does.
public struct Survey: Sendable {
    public typealias ID = Identifier<Survey>

    public let id: ID
    public internal(set) var name: String
    public let metric: Metric
    public internal(set) var content: SurveyContent
    /// The newest version that campaigns may send; `nil` before the first is published.
    public let publishedVersion: Int?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

extension Survey {
    /// The id of the question whose answers the metric is computed from: the first of its kind.
    var metricQuestion: String {
        content.questions.first { $0.kind == metric.questionKind }?.id ?? ""
    }
}

/// What is measured.
public enum Metric: String, JSONChoice {
    /// Net promoter score; employee net promoter score.
    case nps, enps
    /// Customer satisfaction, 1 to 5; customer effort, 1 to 7.
    case csat, ces

    /// The kind of the question that the metric is computed from.
    var questionKind: SurveyQuestion.Kind {
        switch self {
        case .nps, .enps: .nps
        case .csat: .csat
        case .ces: .ces
        }
    }
}

/// The questions of a survey and its other words.
public struct SurveyContent: Sendable, Codable, Equatable {
    /// The language of those whose own the survey does not speak.
    public var defaultLanguage: String
    public var title: LocalizedText
    public var questions: [SurveyQuestion]
    /// Said after the answer.
    public var thanks: LocalizedText?

    private enum CodingKeys: String, CodingKey {
        case defaultLanguage = "default_language", title, questions, thanks
    }

    public init(
        defaultLanguage: String, title: LocalizedText, questions: [SurveyQuestion], thanks: LocalizedText? = nil
    ) {
        self.defaultLanguage = defaultLanguage
        self.title = title
        self.questions = questions
        self.thanks = thanks
    }
}

public struct SurveyQuestion: Sendable, Codable, Equatable {
    public enum Kind: String, Codable, JSONChoice {
        case nps, csat, ces
        case text

        /// The scores that may be given; `nil` for words.
        public var scores: ClosedRange<Int>? {
            switch self {
            case .nps: 0...10
            case .csat: 1...5
            case .ces: 1...7
            case .text: nil
            }
        }
    }

    /// The name of the answer: a letter, then letters, digits and underscores.
    public var id: String
    public var kind: Kind
    public var text: LocalizedText
    public var required: Bool

    public init(id: String, kind: Kind, text: LocalizedText, required: Bool) {
        self.id = id
        self.kind = kind
        self.text = text
        self.required = required
    }
}

/// The values of a new survey.
public struct NewSurvey: Sendable {
    public var name: String
    public var metric: Metric
    public var content: SurveyContent

    public init(name: String, metric: Metric, content: SurveyContent) {
        self.name = name
        self.metric = metric
        self.content = content
    }

    /// Everything that is not allowed.
    public var faults: [FieldError] { content.faults(name: name, metric: metric) }
}

/// What values a survey may have.
public enum SurveyRules {
    public static let name = TextRule.words(200)
    public static let question = TextRule.matching(
        "[a-z][a-z0-9_]{0,62}", "invalid", "A letter, then letters, digits and underscores."
    ) { $0.wholeMatch(of: /[a-z][a-z0-9_]{0,62}/) != nil }
    public static let longestTitle = 300
    public static let longestThanks = 1000
    public static let longestQuestion = 1000
    public static let questions = 1...50
}

extension SurveyContent {
    /// Everything that keeps the content from being asked.
    func faults(name: String, metric: Metric) -> [FieldError] {
        var errors: [FieldError] = []
        SurveyRules.name.check(name, "/name", into: &errors)
        let languages = Set(title.texts.keys)
        if title.texts[defaultLanguage] == nil {
            errors.append(FieldError("/default_language", "unknown", "One of the languages of the title."))
        }
        title.check("/title", languages: languages, longest: SurveyRules.longestTitle, into: &errors)
        thanks?.check("/thanks", languages: languages, longest: SurveyRules.longestThanks, into: &errors)
        if !SurveyRules.questions.contains(questions.count) {
            errors.append(FieldError("/questions", "length", "1 to \(SurveyRules.questions.upperBound) questions."))
        }
        var ids: Set<String> = []
        for (index, question) in questions.enumerated() {
            let pointer = "/questions/\(index)"
            SurveyRules.question.check(question.id, pointer + "/id", into: &errors)
            if !ids.insert(question.id).inserted {
                errors.append(FieldError(pointer + "/id", "duplicate", "Another question has this id."))
            }
            question.text.check(
                pointer + "/text", languages: languages, longest: SurveyRules.longestQuestion, into: &errors)
        }
        if !questions.contains(where: { $0.kind == metric.questionKind }) {
            errors.append(
                FieldError(
                    "/questions", "metric",
                    "\(metric.rawValue) needs a question of kind \(metric.questionKind.rawValue)."))
        }
        return errors
    }
}

extension Survey {
    /// A survey as it is added.
    init(_ id: ID, _ new: NewSurvey) {
        self.init(
            id: id, name: new.name, metric: new.metric, content: new.content, publishedVersion: nil, version: 1,
            createdAt: Date(), updatedAt: Date())
    }
}
