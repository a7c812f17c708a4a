public import Postgres

/// What a customer's recency and frequency, each a fifth from 1 to 5, say in a word.
///
/// The groups are the usual ones of RFM analyses, by recency and frequency; money tells the customers of a group apart.
public enum ValueGroup: String, JSONChoice, PostgresEncodable, PostgresDecodable {
    /// Bought lately and often.
    case champions
    case loyal
    case potentialLoyalists = "potential_loyalists"
    /// Bought for the first time, lately.
    case new
    case promising
    case needAttention = "need_attention"
    case aboutToSleep = "about_to_sleep"
    /// Bought often, and not for long.
    case atRisk = "at_risk"
    /// Bought more often than all others, and not for long.
    case cannotLose = "cannot_lose"
    case hibernating

    /// - Parameters:
    ///   - recency: 1…5, 5 for those who bought last.
    ///   - frequency: 1…5, 5 for those who buy most often.
    public init(recency: Int, frequency: Int) {
        switch (recency, frequency) {
        case (5..., 4...): self = .champions
        case (3..., 4...): self = .loyal
        case (4..., 2...): self = .potentialLoyalists
        case (5..., _): self = .new
        case (4, _): self = .promising
        case (3, 3): self = .needAttention
        case (3, _): self = .aboutToSleep
        case (_, 5...): self = .cannotLose
        case (_, 3...): self = .atRisk
        default: self = .hibernating
        }
    }

    /// The same of a summary `v`.
    static let sql: SQL = """
        CASE WHEN v.recency IS NULL THEN NULL
            WHEN v.recency = 5 AND v.frequency >= 4 THEN 'champions' WHEN v.recency >= 3 AND v.frequency >= 4 THEN 'loyal'
            WHEN v.recency >= 4 AND v.frequency >= 2 THEN 'potential_loyalists' WHEN v.recency = 5 THEN 'new'
            WHEN v.recency = 4 THEN 'promising' WHEN v.recency = 3 AND v.frequency = 3 THEN 'need_attention'
            WHEN v.recency = 3 THEN 'about_to_sleep' WHEN v.frequency = 5 THEN 'cannot_lose'
            WHEN v.frequency >= 3 THEN 'at_risk' ELSE 'hibernating' END
        """
}
