public import Foundation

/// One recipient's place in one wave of a campaign: the row of the send ledger.
public struct Invitation: Sendable, Encodable {
    public typealias ID = Identifier<Invitation>

    public enum State: String, Sendable, Codable, CaseIterable {
        case planned, excluded, sending, sent
        /// The connection or the worker died before the reply was recorded: never sent again on its own.
        case unknown
        case failed, bounced, responded
    }

    public let id: ID
    public let campaignID: Campaign.ID
    public let wave: Int
    public let customerID: Customer.ID?
    public let language: String
    public let state: State
    /// Why it is excluded, failed or bounced.
    public let reason: String?
    public let plannedAt: Date
    public let sentAt: Date?
    public let openedAt: Date?
    public let respondedAt: Date?
    public let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, campaignID = "campaignId", wave, customerID = "customerId", language, state, reason, plannedAt, sentAt
        case openedAt, respondedAt, expiresAt
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(campaignID, forKey: .campaignID)
        try container.encode(wave, forKey: .wave)
        try container.encode(customerID, forKey: .customerID)
        try container.encode(language, forKey: .language)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
        try container.encode(plannedAt, forKey: .plannedAt)
        try container.encode(sentAt, forKey: .sentAt)
        try container.encode(openedAt, forKey: .openedAt)
        try container.encode(respondedAt, forKey: .respondedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
    }
}

/// Why somebody of the audience is not invited.
public enum ExclusionReason: String, Sendable, CaseIterable {
    case noAddress = "no_address"
    case noConsent = "no_consent"
    case suppressed
    /// Was invited within the tenant's quarantine, by any campaign.
    case quarantine
}
