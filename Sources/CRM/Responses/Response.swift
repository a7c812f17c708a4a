public import Foundation

/// What a respondent gave.
public struct Response: Sendable, Encodable {
    public typealias ID = Identifier<Response>

    public let id: ID
    public let campaignID: Campaign.ID
    public let surveyID: Survey.ID
    public let surveyVersion: Int
    public let metric: Metric
    public let customerID: Customer.ID?
    public let language: String
    public let submittedAt: Date
    public let updatedAt: Date
    public let answers: [Answer]

    private enum CodingKeys: String, CodingKey {
        case id, campaignID = "campaignId", surveyID = "surveyId", surveyVersion, metric, customerID = "customerId"
        case language, submittedAt, updatedAt, answers
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(campaignID, forKey: .campaignID)
        try container.encode(surveyID, forKey: .surveyID)
        try container.encode(surveyVersion, forKey: .surveyVersion)
        try container.encode(metric, forKey: .metric)
        try container.encode(customerID, forKey: .customerID)
        try container.encode(language, forKey: .language)
        try container.encode(submittedAt, forKey: .submittedAt)
        try container.encode(updatedAt, forKey: .updatedAt)
        try container.encode(answers, forKey: .answers)
    }
}

/// The answer to one question: a score or words.
public struct Answer: Sendable, Codable, Equatable {
    public let questionID: String
    public let kind: SurveyQuestion.Kind
    public let score: Int?
    public let text: String?

    private enum CodingKeys: String, CodingKey { case questionID = "questionId", kind, score, text }

    public init(questionID: String, kind: SurveyQuestion.Kind, score: Int?, text: String?) {
        self.questionID = questionID
        self.kind = kind
        self.score = score
        self.text = text
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(questionID, forKey: .questionID)
        try container.encode(kind, forKey: .kind)
        try container.encode(score, forKey: .score)
        try container.encode(text, forKey: .text)
    }
}
