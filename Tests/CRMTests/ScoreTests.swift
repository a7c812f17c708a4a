import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Scores")
struct ScoreTests {
    private static let days = (10...14).compactMap { LocalDate("2026-11-\($0)") }

    /// Two campaigns to customers of two languages, all sent in five days and most of them answered at random, also around
    /// midnight in Tehran.
    private static func withAnswers(
        _ count: Int = 60, metric: Metric = .nps, kind: SurveyQuestion.Kind = .nps,
        _ body: (Business) async throws -> Void
    ) async throws {
        try await Business.with { business in
            for (name, language) in [("Persian", "fa"), ("English", "en")] {
                let customers = try await business.customers(count / 2, language: language, named: name)
                _ = try await business.planned(name, to: customers, metric: metric, kind: kind)
            }
            let scores = kind.scores ?? 0...10
            try await business.server.run(
                """
                UPDATE crm.invitation SET state = 'sent', sent_at = '2026-11-10 00:00+03:30'::timestamptz
                    + (extract(epoch FROM interval '5 days') * random()) * interval '1 second'
                """)
            try await business.server.run(
                """
                INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                    metric, customer_id, language, submitted_at)
                SELECT i.tenant_id, gen_random_uuid(), i.id, i.campaign_id, i.segment_id, c.survey_id, c.survey_version,
                    \(metric), i.customer_id, i.language, '2026-11-10 00:00+03:30'::timestamptz
                        + (extract(epoch FROM interval '5 days') * random()) * interval '1 second'
                FROM crm.invitation i JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
                WHERE random() < 0.8
                """)
            try await business.server.run(
                """
                INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score)
                SELECT r.tenant_id, r.id, 'score', \(kind.rawValue),
                    \(scores.lowerBound) + floor(random() * \(scores.count))
                FROM crm.response r
                """)
            try await recompute(business)
            try await body(business)
        }
    }

    private static func recompute(_ business: Business) async throws {
        for day in days { try await business.scores.recompute(business.context, day) }
    }

    /// The same by plain SQL over the answers, without days: scope, key, n, favourable, unfavourable, sum.
    private static func plain(
        _ business: Business, favourable: Int = 9, unfavourable: Int = 6, from: String = "2026-11-10",
        to: String = "2026-11-14"
    ) async throws -> [String] {
        try await business.server.texts(
            """
            WITH a AS (
                SELECT a.score, r.campaign_id::text AS campaign, r.segment_id::text AS segment, r.language
                FROM crm.answer a JOIN crm.response r ON r.id = a.response_id
                WHERE (r.submitted_at AT TIME ZONE 'Asia/Tehran')::date BETWEEN \(LocalDate(from)) AND \(LocalDate(to))
            ), s AS (
                SELECT 'tenant ' AS scope, score FROM a UNION ALL SELECT 'segment ' || segment, score FROM a
                UNION ALL SELECT 'campaign ' || campaign, score FROM a UNION ALL SELECT 'language ' || language, score FROM a
            )
            SELECT concat_ws(' ', scope, count(*), count(*) FILTER (WHERE score >= \(favourable)),
                count(*) FILTER (WHERE score <= \(unfavourable)), sum(score)) FROM s GROUP BY scope ORDER BY 1
            """)
    }

    private static func told(
        _ business: Business, _ metric: Metric = .nps, from: String? = nil, to: String? = nil
    ) async throws -> [String] {
        var lines: [String] = []
        for scope in Score.Scope.allCases {
            let scores = try await business.scores.scores(
                business.context, metric, scope, from: from.flatMap(LocalDate.init), to: to.flatMap(LocalDate.init))
            lines += scores.filter { $0.tally.answers > 0 }.map { score in
                let tally = score.tally
                return "\(scope) \(score.scopeKey) \(tally.answers) \(tally.promoters) \(tally.detractors) \(tally.sum)"
            }
        }
        return lines.sorted()
    }

    @Test func `Scores of every scope equal a plain count of the answers`() async throws {
        try await Self.withAnswers { business in
            let told = try await Self.told(business)
            #expect(told.count == 7)
            #expect(told == (try await Self.plain(business)).sorted())
            let some = try await Self.told(business, from: "2026-11-11", to: "2026-11-12")
            #expect(some == (try await Self.plain(business, from: "2026-11-11", to: "2026-11-12")).sorted())

            let whole = try #require(try await business.scores.scores(business.context, .nps, .tenant).first)
            let sent = try await business.server.number("SELECT count(*) FROM crm.invitation WHERE sent_at IS NOT NULL")
            #expect(whole.tally.sent == sent)
            #expect(whole.tally.promoters + whole.tally.passives + whole.tally.detractors == whole.tally.answers)
            let squares = try await business.server.number("SELECT sum(score * score)::bigint FROM crm.answer")
            #expect(whole.tally.sumOfSquares == squares)
        }
    }

    @Test func `The net promoter score equals the definition`() async throws {
        try await Self.withAnswers { business in
            let score = try #require(try await business.scores.scores(business.context, .nps, .tenant).first)
            let tenThousandths = try await business.server.number(
                """
                SELECT round(1000000.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*))::bigint
                FROM crm.answer
                """)
            let value = try #require(score.tally.estimate(of: .nps)?.value)
            #expect(Int((value * 10_000).rounded()) == tenThousandths)
        }
    }

    @Test(
        "Satisfaction counts 4 and 5 as favourable, effort 5 to 7",
        arguments: [(Metric.csat, SurveyQuestion.Kind.csat, 4, 2), (.ces, .ces, 5, 3)])
    func otherMetrics(metric: Metric, kind: SurveyQuestion.Kind, favourable: Int, unfavourable: Int) async throws {
        try await Self.withAnswers(40, metric: metric, kind: kind) { business in
            let plain = try await Self.plain(business, favourable: favourable, unfavourable: unfavourable)
            #expect(try await Self.told(business, metric) == plain.sorted())
            #expect(try await Self.told(business, .nps) == [])
            let score = try #require(try await business.scores.scores(business.context, metric, .tenant).first)
            let value = try #require(score.tally.estimate(of: metric)?.value)
            #expect(abs(value - 100 * Double(score.tally.promoters) / Double(score.tally.answers)) < 1e-9)
        }
    }

    @Test func `Recomputing changes nothing, and forgets what is not there any more`() async throws {
        try await Self.withAnswers(20) { business in
            let before = try await Self.told(business)
            let rows = try await business.server.number("SELECT count(*) FROM crm.score_day")
            try await Self.recompute(business)
            try await Self.recompute(business)
            #expect(try await Self.told(business) == before)
            #expect(try await business.server.number("SELECT count(*) FROM crm.score_day") == rows)

            try await business.server.run("DELETE FROM crm.answer")
            try await business.server.run("UPDATE crm.invitation SET sent_at = NULL")
            try await Self.recompute(business)
            #expect(try await business.server.number("SELECT count(*) FROM crm.score_day") == 0)
        }
    }

    @Test func `Recomputing a day at once by several workers leaves it right`() async throws {
        try await Self.withAnswers(20) { business in
            let before = try await Self.told(business)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await business.scores.recompute(business.context, Self.days[2]) }
                }
                try await group.waitForAll()
            }
            #expect(try await Self.told(business) == before)
        }
    }

    @Test func `A day ends at midnight in the tenant's time zone`() async throws {
        try await Business.with { business in
            _ = try await business.planned(to: try await business.customers(2))
            try await business.server.run(
                "UPDATE crm.invitation SET state = 'sent', sent_at = '2026-11-12 20:29:59.999999Z'")
            try await business.server.run(
                """
                INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                    metric, language, submitted_at)
                SELECT i.tenant_id, gen_random_uuid(), i.id, i.campaign_id, i.segment_id, c.survey_id, c.survey_version,
                    'nps', 'fa', (ARRAY['2026-11-12 20:29:59.999999Z', '2026-11-12 20:30:00Z'])[
                        row_number() OVER (ORDER BY i.id)]::timestamptz
                FROM crm.invitation i JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
                """)
            try await business.server.run(
                """
                INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score)
                SELECT r.tenant_id, r.id, 'score', 'nps', 9 FROM crm.response r
                """)
            try await Self.recompute(business)
            #expect(
                try await business.server.texts(
                    """
                    SELECT concat_ws(' ', day, sent, answers) FROM crm.score_day WHERE scope = 'tenant' ORDER BY day
                    """) == ["2026-11-12 2 1", "2026-11-13 0 1"])
        }
    }

    @Test func `A period must not end before it begins`() async throws {
        try await Business.with { business in
            await #expect(throws: ServiceError.self) {
                _ = try await business.scores.scores(
                    business.context, .nps, .tenant, from: LocalDate("2026-11-02"), to: LocalDate("2026-11-01"))
            }
        }
    }

    @Test func `The worker recomputes after answers, and counts a changed answer once`() async throws {
        try await Business.with { business in
            let tokens = try await business.tokens(sentTo: try await business.customers(2))
            func tally() async throws -> ScoreTally? {
                try await business.scores.scores(business.context, .nps, .tenant).first?.tally
            }
            try await withHandlers(on: business.server, transport: ScriptedTransport()) { _ in
                for token in tokens {
                    _ = try await business.respondents.submit(token, ["score": "10"], requestID: nil)
                }
                try await eventually {
                    let now = try await tally()
                    return now?.promoters == 2 && now?.sent == 2
                }
                _ = try await business.respondents.submit(tokens[0], ["score": "2"], requestID: nil)
                try await eventually {
                    let now = try await tally()
                    return now?.promoters == 1 && now?.detractors == 1 && now?.answers == 2
                }
            }
        }
    }
}
