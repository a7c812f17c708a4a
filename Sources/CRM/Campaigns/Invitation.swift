public import Foundation

/// One recipient's place in one wave of a campaign: the row of the send ledger.
public struct Invitation: Sendable {
    public typealias ID = Identifier<Invitation>

    public enum State: String, JSONChoice {
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
}

/// Why somebody of the audience is not invited.
public enum ExclusionReason: String, Sendable, CaseIterable {
    case noAddress = "no_address"
    case noConsent = "no_consent"
    case suppressed
    /// Was invited within the tenant's quarantine, by any campaign.
    case quarantine
}
