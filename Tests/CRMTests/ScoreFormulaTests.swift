import CRM
import Foundation
import TestSupport
import Testing

/// The formulas against values computed by hand.
@Suite("Score formulas")
struct ScoreFormulaTests {
    private func tally(_ promoters: Int, _ passives: Int, _ detractors: Int, sent: Int = 0, sum: Int = 0) -> ScoreTally
    {
        var tally = ScoreTally()
        tally.answers = promoters + passives + detractors
        tally.promoters = promoters
        tally.passives = passives
        tally.detractors = detractors
        tally.sent = sent
        tally.sum = sum
        return tally
    }

    private func expect(
        _ estimate: ScoreTally.Estimate?, _ value: Double, _ low: Double, _ high: Double,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let estimate = try #require(estimate, sourceLocation: location)
        #expect(abs(estimate.value - value) < 1e-4, sourceLocation: location)
        #expect(abs(estimate.low - low) < 1e-4, sourceLocation: location)
        #expect(abs(estimate.high - high) < 1e-4, sourceLocation: location)
    }

    @Test func `The net promoter score has the interval of p + d − (p − d)²`() throws {
        // (0.5 + 0.2 − 0.3²) / 100 = 0.0061, whose root is 0.0781025; times 1.959964.
        try expect(tally(50, 30, 20).estimate(of: .nps), 30, 14.69219, 45.30781)
        try expect(tally(50, 30, 20).estimate(of: .enps), 30, 14.69219, 45.30781)
    }

    @Test func `A share of favourable answers has the interval of p (1 − p)`() throws {
        // 0.8 · 0.2 / 50 = 0.0032, whose root is 0.0565685; times 1.959964.
        try expect(tally(40, 5, 5).estimate(of: .csat), 80, 68.91276, 91.08724)
        try expect(tally(40, 5, 5).estimate(of: .ces), 80, 68.91276, 91.08724)
    }

    @Test func `Intervals end where the scale does, and who agree leave none`() throws {
        try expect(tally(9, 1, 0).estimate(of: .nps), 90, 71.40612, 100)
        try expect(tally(1, 0, 9).estimate(of: .csat), 10, 0, 28.59388)
        try expect(tally(0, 0, 7).estimate(of: .nps), -100, -100, -100)
    }

    @Test func `Without answers there is no score, no mean and no rate`() {
        let nothing = ScoreTally()
        #expect(nothing.estimate(of: .nps) == nil)
        #expect(nothing.mean == nil)
        #expect(nothing.responseRate == nil)
    }

    @Test func `The mean and the response rate are shares of the answers`() {
        let some = tally(1, 1, 2, sent: 10, sum: 25)
        #expect(some.mean == 6.25)
        #expect(some.responseRate == 0.4)
    }
}

@Suite("Withheld scores")
struct WithheldScoreTests {
    private func scores(answers: Int) async throws -> [String: JSONNode] {
        try await Business.with { business in
            let tokens = try await business.tokens(sentTo: try await business.customers(6))
            for token in tokens.prefix(answers) {
                _ = try await business.respondents.submit(token, ["score": "9"], requestID: nil)
            }
            let tehran = try #require(TimeZone(identifier: "Asia/Tehran"))
            try await business.scores.recompute(business.context, LocalDay.day(of: Date(), in: tehran))
            let score = try #require(try await business.scores.scores(business.context, .nps, .tenant).first)
            return try JSONDecoder().decode([String: JSONNode].self, from: Data(JSONWriter.bytes(of: score)))
        }
    }

    @Test func `Below the tenant's minimum a score tells how many answered and nothing that they said`() async throws {
        let score = try await scores(answers: 4)
        #expect(score["withheld"] == .bool(true))
        #expect(score["n"] == .number(4))
        #expect(score["sent"] == .number(6))
        for name in ["score", "low", "high", "promoters", "passives", "detractors", "mean"] {
            #expect(score[name] == .null, "\(name)")
        }
    }

    @Test func `From the minimum on the score is shown`() async throws {
        let score = try await scores(answers: 5)
        #expect(score["withheld"] == .bool(false))
        #expect(score["score"] == .number(100))
        #expect(score["promoters"] == .number(5))
    }
}
