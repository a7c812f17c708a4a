public import Foundation

/// What a respondent gave.
public struct Response: Sendable {
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
