public import Foundation
import Postgres

/// The scores of a tenant as a person wants to see them: the whole, each segment and each language, and the latest comments.
public struct ScoreReport: Sendable, Encodable {
    public struct Row: Sendable, Encodable {
        /// The segment's name or the language's code; the tenant's own name for the whole.
        public let name: String
        public let score: Score
    }

    public struct Comment: Sendable, Encodable {
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

extension ScoreService {
    /// The report over all time.
    public func report(_ context: TenantContext, _ metric: Metric, comments: Int = 5) async throws -> ScoreReport {
        try context.require(.scoresRead)
        let tenant = context.tenantID
        func tallies(_ scope: Score.Scope) -> Statement<[(key: String, tally: ScoreTally)]> {
            ScoreStatements.tallies(tenant, metric, scope, key: nil, from: nil, to: nil)
        }
        let page = try PageRequest(limit: comments, isDescending: true)
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
