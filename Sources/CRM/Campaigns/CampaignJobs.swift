import Foundation
public import JobQueue

/// Writes the ledger of a launched campaign's wave.
public struct PlanCampaign: Job {
    public static let kind = "campaign.plan"

    public let campaignID: Campaign.ID
    public var uniqueKey: String? { campaignID.description }
}

/// Ends a campaign whose sending jobs have ended.
public struct FinishCampaign: Job {
    public static let kind = "campaign.finish"

    public let campaignID: Campaign.ID
}

/// Sends the invitations of one stretch of the ledger, ids from `first` to `last`.
public struct SendInvitations: Job {
    public static let kind = "campaign.send"

    /// Most invitations of one job.
    static let chunk = 100

    public let campaignID: Campaign.ID
    public let first: Invitation.ID
    public let last: Invitation.ID
}
