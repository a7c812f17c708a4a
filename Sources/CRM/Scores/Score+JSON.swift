extension Score: JSONObject {
    public static let schemaName = "Score"
    public static let schemaDescription = "A metric of a scope and a period, with its 95 % interval."

    public static var example: Score {
        var tally = ScoreTally()
        (tally.sent, tally.answers, tally.promoters, tally.passives, tally.detractors) = (1_092, 667, 267, 196, 204)
        (tally.sum, tally.sumOfSquares) = (4_806, 40_112)
        return Score(metric: .nps, scope: .tenant, scopeKey: "", tally: tally, minimumAnswers: 5)
    }

    /// Withheld scores show how many answered, and nothing that they said.
    public func members(_ json: inout JSONWriter) {
        let shown = isWithheld ? nil : tally
        let estimate = shown.flatMap { $0.estimate(of: metric) }
        json.member("metric", metric, "What is measured.")
        json.member("scope", scope, "What it is measured of.")
        json.member(
            "scope_key", scopeKey, "The segment's or campaign's id, the language's code, empty for the business.")
        json.member("n", tally.answers, "Answers that it is computed from.")
        json.member(
            "score", estimate?.value, "−100…100 for NPS, 0…100 for the others; null without answers, or withheld.")
        json.member("low", estimate?.low, "The lower end of its 95 % interval.")
        json.member("high", estimate?.high, "The upper end of its 95 % interval.")
        json.member("promoters", shown?.promoters, "Favourable answers.")
        json.member("passives", shown?.passives, "Answers between.")
        json.member("detractors", shown?.detractors, "Unfavourable answers.")
        json.member("mean", shown?.mean, "The mean of what was answered.")
        json.member("sent", tally.sent, "Invitations that were sent.")
        json.member("response_rate", tally.responseRate, "Answers by sent invitations, 0…1.")
        json.member("withheld", isWithheld, "Whether there are too few answers for the business to see it.")
    }
}
