import CRM
import HTTPTypes
import Postgres

struct ScoreOperations: OperationGroup {
    private static let tag = Operation.Tag("Scores", "What customers answered, and the scores computed from it.")

    let scores: ScoreService
    let responses: ResponseService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            Operation(
                .get, .at("/v1/scores", "list_scores", "List scores of a metric and a scope", tag, .scoresRead),
                parameters: QueryReader.parameters { _ = ScoreQuery(&$0) }, success: .page(of: Score.self),
                problems: [.invalid]
            ) { (call: Call<TenantContext>) in
                let query = try call.query { ScoreQuery(&$0) }
                let found = try await scores.scores(
                    call.caller, query.metric, query.scope, key: query.key, from: query.from, to: query.to)
                return Reply.page(Page(items: found))
            },
            .list(
                .at("/v1/responses", "list_responses", "List what customers answered", tag, .responsesRead),
                by: ResponseFilter.self
            ) {
                call, filter, page in
                try await responses.list(
                    call.caller, campaign: filter.campaign, onlyWithComment: filter.hasComment, page)
            },
        ]
    }
}

/// Which scores are wanted.
private struct ScoreQuery {
    /// A segment's or campaign's id, or a language.
    private static let keyRule = TextRule.words(100)

    let metric: Metric
    let scope: Score.Scope
    let key: String?
    let from: LocalDate?
    let to: LocalDate?

    init(_ query: inout QueryReader) {
        metric = query.choice("metric", "What is measured; nps by default.") ?? .nps
        scope = query.choice("scope", "What it is measured of; the business by default.") ?? .tenant
        key = query.text("scope_key", Self.keyRule, "Only this segment or campaign, by its id, or this language.")
        from = query.day("from", "The first day, in the business's time zone.")
        to = query.day("to", "The last day.")
    }
}

private struct ResponseFilter: ListFilter {
    let campaign: Campaign.ID?
    let hasComment: Bool

    init(_ query: inout QueryReader) {
        campaign = query.filterIdentifier("campaign_id", "Only answers to this campaign.")
        hasComment = query.filterFlag("has_comment", "Only answers with words.") ?? false
    }
}
