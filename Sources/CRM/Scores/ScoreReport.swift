public import Foundation
import Postgres

/// The scores of a tenant as a person wants to see them: the whole, each segment and each language, and the latest comments.
public struct ScoreReport: Sendable {
    public struct Row: Sendable {
        /// The segment's name or the language's code; the tenant's own name for the whole.
        public let name: String
        public let score: Score
    }

    public struct Comment: Sendable {
        public let submittedAt: Date
        public let language: String
        public let score: Int?
        public let text: String
    }

    public let metric: Metric
    public let rows: [Row]
    /// Newest first.
    public let comments: [Comment]
}

extension ScoreReport: JSONObject {
    public static let schemaName = "ScoreReport"
    public static let schemaDescription = "The scores of a business: the whole, each segment, each language."
    public static var example: ScoreReport { ScoreReport(metric: .nps, rows: [.example], comments: [.example]) }

    public func members(_ json: inout JSONWriter) {
        json.member("metric", metric, "What is measured.")
        json.member("rows", rows, "The whole, each segment and each language.")
        json.member("comments", comments, "The latest comments, the newest first.")
    }
}

extension ScoreReport.Row: JSONObject {
    public static let schemaName = "ScoreReportRow"
    public static let schemaDescription = "A score with the name of what it is of."
    public static var example: ScoreReport.Row { ScoreReport.Row(name: "Bazaar Books", score: .example) }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "The segment's name, the language's code, or the business's name.")
        json.member("score", score, "The score.")
    }
}

extension ScoreReport.Comment: JSONObject {
    public static let schemaName = "ScoreReportComment"
    public static let schemaDescription = "What somebody said beside a score."
    public static var example: ScoreReport.Comment {
        ScoreReport.Comment(submittedAt: Example.time, language: "en", score: 9, text: "Quick and friendly.")
    }

    public func members(_ json: inout JSONWriter) {
        json.member("submitted_at", submittedAt, "When it was said.")
        json.member("language", language, "The language of the page.")
        json.member("score", score, "The score beside it.")
        json.member("text", text, "The words.", isPersonal: true)
    }
}

extension ScoreService {
    /// The report over all time.
    public func report(_ context: TenantContext, _ metric: Metric, comments: Int = 5) async throws -> ScoreReport {
        try context.require(.scoresRead)
        let tenant = context.tenantID
        func tallies(_ scope: Score.Scope) -> Statement<[(key: String, tally: ScoreTally)]> {
            ScoreStatements.tallies(tenant, metric, scope, key: nil, from: nil, to: nil)
        }
        let page = try PageRequest<Response>(limit: comments, isDescending: true)
        let (settings, names, whole, segments, languages, responses) = try await database.pipeline(
            context, TenantStatements.settings(tenant), ScoreStatements.names(tenant), tallies(.tenant),
            tallies(.segment),
            tallies(.language), ResponseStatements.list(tenant, campaign: nil, onlyWithComment: true, page))
        func rows(_ scope: Score.Scope, _ tallies: [(key: String, tally: ScoreTally)]) -> [ScoreReport.Row] {
            tallies.map { key, tally in
                ScoreReport.Row(
                    name: names[key] ?? key,
                    score: Score(
                        metric: metric, scope: scope, scopeKey: key, tally: tally,
                        minimumAnswers: settings.minimumAnswers))
            }
        }
        return ScoreReport(
            metric: metric, rows: rows(.tenant, whole) + rows(.segment, segments) + rows(.language, languages),
            comments: responses.prefix(comments).map { response in
                ScoreReport.Comment(
                    submittedAt: response.submittedAt, language: response.language,
                    score: response.answers.first { $0.kind == metric.questionKind }?.score,
                    text: response.answers.compactMap(\.text).joined(separator: " / "))
            })
    }
}

extension ScoreStatements {
    /// The names of the tenant (under the empty key) and of its segments (under their ids).
    static func names(_ tenant: Tenant.ID) -> Statement<[String: String]> {
        Statement<[(String, String)]>(
            "score.names",
            """
            SELECT '', t.name FROM platform.tenant t WHERE t.id = \(tenant)
            UNION ALL SELECT s.id::text, s.name FROM crm.segment s WHERE s.tenant_id = \(tenant)
            """, all: { row in (try row.next(), try row.next()) }
        ).map { Dictionary($0, uniquingKeysWith: { first, _ in first }) }
    }
}
