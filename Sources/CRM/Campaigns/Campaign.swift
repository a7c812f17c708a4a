public import Foundation

/// The sending of a survey's version to a segment.
public struct Campaign: Sendable {
    public typealias ID = Identifier<Campaign>

    public enum Kind: String, JSONChoice {
        /// Periodic, about the whole.
        case relationship
        /// After a touchpoint.
        case transactional
    }

    public enum State: String, JSONChoice {
        case draft
        /// The ledger is being written.
        case planning
        case running
        /// Every invitation has come to its end.
        case finished
    }

    public let id: ID
    public let name: String
    public let kind: Kind
    public let state: State
    public let surveyID: Survey.ID
    public let surveyVersion: Int
    public let segmentID: Segment.ID
    /// After which touchpoint; `nil` for a relationship survey, and where nobody said.
    public let touchpointID: Touchpoint.ID?
    public let subject: LocalizedText
    public let message: LocalizedText
    public let expiresInDays: Int
    public let wave: Int
    public let launchedAt: Date?
    public let finishedAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
    /// How the present wave stands.
    public internal(set) var ledger = InvitationTally()
}

/// How many invitations of a wave stand where.
public struct InvitationTally: Sendable, Equatable {
    public struct Counts: Sendable, Equatable {
        public var total = 0
        public var planned = 0
        public var sending = 0
        /// Everything that was sent, what was answered included.
        public var sent = 0
        public var unknown = 0
        public var failed = 0
        public var bounced = 0
        public var excluded = 0
        public var opened = 0
        public var responded = 0
    }

    public var counts = Counts()
    public var excludedReasons: [String: Int] = [:]
}

/// The values of a new campaign.
public struct NewCampaign: Sendable {
    public var name: String
    public var kind: Campaign.Kind
    public var surveyID: Survey.ID
    public var segmentID: Segment.ID
    public var touchpointID: Touchpoint.ID?
    public var subject: LocalizedText
    public var message: LocalizedText
    public var expiresInDays: Int

    public init(
        name: String, kind: Campaign.Kind, surveyID: Survey.ID, segmentID: Segment.ID,
        touchpointID: Touchpoint.ID? = nil, subject: LocalizedText, message: LocalizedText, expiresInDays: Int = 30
    ) {
        self.name = name
        self.kind = kind
        self.surveyID = surveyID
        self.segmentID = segmentID
        self.touchpointID = touchpointID
        self.subject = subject
        self.message = message
        self.expiresInDays = expiresInDays
    }
}

/// What launching a campaign now would do.
public struct CampaignPreview: Sendable {
    public let audience: Int
    public let invited: Int
    /// How many would not be invited, by the reason.
    public let excluded: [String: Int]
}
