import CRM
import Hummingbird
import Postgres

struct ScoreRoutes {
    let scores: ScoreService
    let responses: ResponseService

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.get("/scores") { request, context in
            let query = try ScoreQuery(request)
            let found = try await scores.scores(
                context.tenant, query.metric, query.scope, key: query.key, from: query.from, to: query.to)
            return try Reply.page(Page(items: found))
        }
        group.get("/responses") { request, context in
            let query = try ListQuery(
                request, filters: ["campaign_id", "has_comment"], sort: "submitted_at", descending: true)
            return try Reply.page(
                try await responses.list(
                    context.tenant, campaign: query.identifier("campaign_id"),
                    onlyWithComment: query.flag("has_comment") ?? false, query.page))
        }
    }
}

/// The query parameters of the scores.
private struct ScoreQuery {
    var metric = Metric.nps
    var scope = Score.Scope.tenant
    var key: String?
    var from: LocalDate?
    var to: LocalDate?

    init(_ request: Request) throws {
        var errors: [FieldError] = []
        func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String, _ value: String, _ old: Choice)
            -> Choice
        {
            if let choice = Choice(rawValue: value) { return choice }
            errors.append(
                FieldError(name, "unknown", "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))."))
            return old
        }
        func day(_ name: String, _ value: String) -> LocalDate? {
            let day = LocalDate(value)
            if day == nil { errors.append(FieldError(name, "invalid", "A day as YYYY-MM-DD.")) }
            return day
        }
        for (name, value) in QueryString.pairs(of: request) {
            if let error = QueryString.zeroCharacter(name, value) {
                errors.append(error)
                continue
            }
            switch name {
            case "metric": metric = choice(name, value, metric)
            case "scope": scope = choice(name, value, scope)
            case "scope_key": key = value
            case "from": from = day(name, value)
            case "to": to = day(name, value)
            default: errors.append(FieldError(name, "unknown", "There is no such parameter."))
            }
        }
        if !errors.isEmpty { throw RequestProblem.query(errors) }
    }
}
