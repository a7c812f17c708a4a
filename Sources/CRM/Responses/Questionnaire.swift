public import Foundation
import Postgres

/// What somebody who follows the link of an invitation sees.
public struct Questionnaire: Sendable {
    public enum State: Sendable, Equatable {
        /// Waits for the answer.
        case open
        /// Was answered; may be changed until then.
        case answered(changeableUntil: Date)
        /// Was answered, and the time for changes is over.
        case closed
        /// The invitation's time is over.
        case expired
    }

    public let tenantName: String
    public let timeZone: TimeZone
    /// One that the survey speaks.
    public let language: String
    public let content: SurveyContent
    public let state: State
    /// What was answered before.
    public let answers: [Answer]

    /// The time for changes after the first answer.
    static let changeTime: TimeInterval = 24 * 3600
}

/// An invitation as its token finds it.
struct ResolvedInvitation: Sendable {
    let id: Invitation.ID
    let campaignID: Campaign.ID
    let segmentID: Segment.ID
    let customerID: UUID?
    let memberID: UUID?
    let language: String
    let expiresAt: Date
    let surveyID: Survey.ID
    let surveyVersion: Int
    let metric: Metric
    let content: SurveyContent
    let tenantName: String
    let tenantState: Tenant.State
    let timeZone: TimeZone
    /// When the sending began, if it is not recorded yet that it ended.
    let unrecordedSending: Date?
    /// When it was first answered.
    let submittedAt: Date?
    /// The database's clock.
    let now: Date

    var state: Questionnaire.State {
        if let submittedAt {
            let until = submittedAt.addingTimeInterval(Questionnaire.changeTime)
            return now < until ? .answered(changeableUntil: until) : .closed
        }
        return now < expiresAt ? .open : .expired
    }

    func questionnaire(_ answers: [Answer]) -> Questionnaire {
        Questionnaire(
            tenantName: tenantName, timeZone: timeZone, language: content.language(for: language), content: content,
            state: state, answers: answers)
    }
}
