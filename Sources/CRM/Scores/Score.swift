import Foundation
import Postgres

/// A metric computed for a scope and a period.
public struct Score: Sendable {
    public enum Scope: String, JSONChoice { case tenant, segment, campaign, language }

    public let metric: Metric
    public let scope: Scope
    /// The segment's or campaign's id, the language's code, empty for the tenant.
    public let scopeKey: String
    public let tally: ScoreTally
    /// Below so many answers the score is withheld.
    public let minimumAnswers: Int

    public var isWithheld: Bool { tally.answers < minimumAnswers }
}

/// Counts of answers, which add up over days.
public struct ScoreTally: Sendable, Equatable {
    public var sent = 0
    public var answers = 0
    /// Favourable answers: 9–10 of NPS, 4–5 of CSAT, 5–7 of CES.
    public var promoters = 0
    public var passives = 0
    /// Unfavourable answers: 0–6 of NPS, 1–2 of CSAT, 1–3 of CES.
    public var detractors = 0
    public var sum = 0
    public var sumOfSquares = 0

    public init() {}

    /// A value with its 95 % confidence interval.
    public struct Estimate: Sendable, Equatable {
        public let value: Double
        public let low: Double
        public let high: Double
    }

    /// The score: for NPS the share of promoters less that of detractors in −100…100 over all answers, passives among them; for
    /// CSAT and CES the share of favourable answers in 0…100. `nil` without answers.
    ///
    /// The interval is the normal approximation, z = 1.96, cut to the scale. With the shares p and d, one NPS answer has the
    /// variance p + d − (p − d)²; a share has p(1 − p).
    public func estimate(of metric: Metric) -> Estimate? {
        guard answers > 0 else { return nil }
        let n = Double(answers)
        let p = Double(promoters) / n
        let d = Double(detractors) / n
        let isNet = metric.questionKind == .nps
        let value = isNet ? p - d : p
        let variance = isNet ? p + d - (p - d) * (p - d) : p * (1 - p)
        let margin = 1.959964 * (variance / n).squareRoot()
        return Estimate(
            value: 100 * value, low: 100 * max(isNet ? -1 : 0, value - margin), high: 100 * min(1, value + margin))
    }

    /// The mean of the answers' scores; `nil` without answers.
    public var mean: Double? { answers > 0 ? Double(sum) / Double(answers) : nil }

    /// Answers by sent invitations, in 0…1; `nil` when nothing was sent.
    public var responseRate: Double? { sent > 0 ? Double(answers) / Double(sent) : nil }
}
