import Foundation
public import Postgres

enum ScoreStatements {
    /// Sums of days by scope key, in the order of the keys.
    static func tallies(
        _ tenant: Tenant.ID, _ metric: Metric, _ scope: Score.Scope, key: String?, from: LocalDate?, to: LocalDate?
    ) -> Statement<[(key: String, tally: ScoreTally)]> {
        var conditions: [SQL] = []
        if let key { conditions.append("AND d.scope_key = \(key)") }
        if let from { conditions.append("AND d.day >= \(from)") }
        if let to { conditions.append("AND d.day <= \(to)") }
        return Statement(
            "score.tallies",
            """
            SELECT d.scope_key, sum(d.sent), sum(d.answers), sum(d.promoters), sum(d.passives), sum(d.detractors),
                sum(d.sum)::bigint, sum(d.sum_of_squares)::bigint
            FROM crm.score_day d
            WHERE d.tenant_id = \(tenant) AND d.metric = \(metric) AND d.scope = \(scope)
                \(SQL.joined(conditions, by: " "))
            GROUP BY d.scope_key ORDER BY d.scope_key
            """,
            all: { row in
                let key: String = try row.next()
                var tally = ScoreTally()
                tally.sent = try row.next()
                tally.answers = try row.next()
                tally.promoters = try row.next()
                tally.passives = try row.next()
                tally.detractors = try row.next()
                tally.sum = try row.next()
                tally.sumOfSquares = try row.next()
                return (key, tally)
            })
    }

    static func recompute(_ tenant: Tenant.ID, _ day: LocalDate, zone: String) -> Statement<Void> {
        Statement(effect: "score.recompute", "SELECT crm.recompute_scores(\(tenant), \(day), \(zone))")
    }
}

extension Score.Scope: PostgresEncodable, PostgresDecodable {}
