extension Response: JSONObject {
    public static let schemaName = "Response"
    public static let schemaDescription = "What a respondent gave."

    public static var example: Response {
        Response(
            id: Example.id(), campaignID: Example.id(2), surveyID: Example.id(3), surveyVersion: 1, metric: .nps,
            customerID: Example.id(4), language: "fa", submittedAt: Example.time, updatedAt: Example.time,
            answers: [.example])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The response's id.")
        json.member("campaign_id", campaignID, "The campaign that asked.")
        json.member("survey_id", surveyID, "The survey.")
        json.member("survey_version", surveyVersion, "The version that was answered.")
        json.member("metric", metric, "What was measured.")
        json.member("customer_id", customerID, "Who answered.")
        json.member("language", language, "The language of the page.")
        json.member("submitted_at", submittedAt, "When it was first given.")
        json.member("updated_at", updatedAt, "When it was changed last.")
        json.member("answers", answers, "One for each question that was answered.", isPersonal: true)
    }
}

extension Answer: JSONObject {
    public static let schemaName = "Answer"
    public static let schemaDescription = "The answer to one question: a score or words."
    public static var example: Answer { Answer(questionID: "score", kind: .nps, score: 9, text: nil) }

    public func members(_ json: inout JSONWriter) {
        json.member("question_id", questionID, "The question's id within the survey.")
        json.member("kind", kind, "What was asked for.")
        json.member("score", score, "The score; null for words.")
        json.member("text", text, "The words; null for a score.", isPersonal: true)
    }
}
