public import Foundation

/// A questionnaire. The draft may change; what was published never does.
public struct Survey: Sendable, Encodable {
    public typealias ID = Identifier<Survey>

    public let id: ID
    public let name: String
    public let metric: Metric
    public let content: SurveyContent
    /// The newest version that campaigns may send; `nil` before the first is published.
    public let publishedVersion: Int?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date

    private enum CodingKeys: CodingKey {
        case id, name, metric, defaultLanguage, title, questions, thanks, publishedVersion, version, createdAt,
            updatedAt
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(metric, forKey: .metric)
        try container.encode(content.defaultLanguage, forKey: .defaultLanguage)
        try container.encode(content.title, forKey: .title)
        try container.encode(content.questions, forKey: .questions)
        try container.encode(content.thanks, forKey: .thanks)
        try container.encode(publishedVersion, forKey: .publishedVersion)
        try container.encode(version, forKey: .version)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

extension Survey {
    /// The id of the question whose answers the metric is computed from: the first of its kind.
    var metricQuestion: String {
        content.questions.first { $0.kind == metric.questionKind }?.id ?? ""
    }
}

/// What is measured.
public enum Metric: String, Sendable, Codable, CaseIterable {
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
    public enum Kind: String, Sendable, Codable, CaseIterable {
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

extension SurveyContent {
    static let maximumQuestions = 50

    /// Reports everything that keeps the content from being asked.
    func check(name: String, metric: Metric) throws {
        var errors: [FieldError] = []
        if name.allSatisfy(\.isWhitespace) || name.unicodeScalars.count > 200 {
            errors.append(FieldError("/name", "length", "1 to 200 characters that are not all blank."))
        }
        let languages = Set(title.texts.keys)
        if title.texts[defaultLanguage] == nil {
            errors.append(FieldError("/default_language", "unknown", "One of the languages of the title."))
        }
        title.check("/title", languages: languages, longest: 300, into: &errors)
        thanks?.check("/thanks", languages: languages, longest: 1000, into: &errors)
        if !(1...Self.maximumQuestions).contains(questions.count) {
            errors.append(FieldError("/questions", "length", "1 to \(Self.maximumQuestions) questions."))
        }
        var ids: Set<String> = []
        for (index, question) in questions.enumerated() {
            let pointer = "/questions/\(index)"
            if question.id.wholeMatch(of: /[a-z][a-z0-9_]{0,62}/) == nil {
                errors.append(FieldError(pointer + "/id", "invalid", "A letter, then letters, digits and underscores."))
            }
            if !ids.insert(question.id).inserted {
                errors.append(FieldError(pointer + "/id", "duplicate", "Another question has this id."))
            }
            question.text.check(pointer + "/text", languages: languages, longest: 1000, into: &errors)
        }
        if !questions.contains(where: { $0.kind == metric.questionKind }) {
            errors.append(
                FieldError(
                    "/questions", "metric",
                    "\(metric.rawValue) needs a question of kind \(metric.questionKind.rawValue)."))
        }
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}
