public import Foundation
public import Postgres

/// One thing that happened with a customer: what any department noted, an order, what came back of one, an invitation to a survey,
/// an answer to it, a stage of the relationship, a word on being written to.
public struct TimelineEntry: Sendable {
    public enum Kind: String, JSONChoice {
        case call, mail, meeting, chat, ticket, note, order
        case orderReturn = "return"
        case invitation, survey
        case stageChange = "stage_change"
        case consent

        var interaction: InteractionValues.Kind? { InteractionValues.Kind(rawValue: rawValue) }
    }

    public let kind: Kind
    /// Of the interaction, the order, the return, the invitation, the response, the change or the consent.
    public let id: UUID
    public let happenedAt: Date
    public let departmentID: Department.ID?
    public let memberID: Member.ID?
    public let touchpointID: Touchpoint.ID?
    public let channel: String?
    /// The subject, the survey's name, the order's reference, or the stage before; a return has what its order has.
    public let subject: String?
    /// What came of it: of an invitation its state, of a stage the one since, of a consent whether it was granted.
    public let outcome: String?
    public let satisfaction: Int?
    public let amount: Money?
    /// What a survey measured, and the customer's answer.
    public let metric: String?
    public let score: Int?
}

/// Which entries of a timeline are shown.
public struct TimelineFilter: Sendable {
    public var kinds: [TimelineEntry.Kind]?
    public var department: Department.ID?
    public var member: Member.ID?
    public var touchpoint: Touchpoint.ID?
    public var from: Date?
    public var until: Date?

    public init() {}
}

extension TimelineEntry: JSONObject {
    public static let schemaName = "TimelineEntry"
    public static let schemaDescription = "One thing that happened with a customer, in whatever department."
    public static var example: TimelineEntry {
        TimelineEntry(
            kind: .call, id: Example.uuid, happenedAt: Example.time, departmentID: Example.id(7),
            memberID: Example.id(7), touchpointID: nil, channel: "phone", subject: "The parcel was wet",
            outcome: "a new copy is on its way", satisfaction: 4, amount: nil, metric: nil, score: nil)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("kind", kind, "What it was.")
        json.member(
            "id", id, "The id of the interaction, order, return, invitation, response, stage change or consent.")
        json.member(
            "happened_at", happenedAt,
            "When; of an order of which only the day is known, and of a return, the first moment of the day in UTC.")
        json.member("department_id", departmentID, "The department that dealt with it.")
        json.member("member_id", memberID, "Who of the business it was.")
        json.member("touchpoint_id", touchpointID, "Where on the journey it happened.")
        json.member("channel", channel, "On which channel.")
        json.member(
            "subject", subject,
            "What it was about; of an order and what came back of it its reference, of an invitation and an answer the survey's name, of a stage change the stage before.",
            isPersonal: true)
        json.member(
            "outcome", outcome,
            "What came of it; of an invitation its state, of a stage change the stage since, of a consent whether it was granted or declined.",
            isPersonal: true)
        json.member("satisfaction", satisfaction, "How satisfied the customer was with it, 1 to 5.")
        json.member("amount", amount, "Of an order, without what came back; of a return what came back.")
        json.member("metric", metric, "What a survey measured.")
        json.member("score", score, "What the customer answered.")
    }
}

extension TimelineEntry: Listed {
    public static var isNewestFirst: Bool { true }
    public var listID: UUID { id }
    public static var orders: [ListOrder<TimelineEntry>] { [.time("happened_at", "t.at") { $0.happenedAt }] }
}

extension TimelineEntry.Kind: PostgresEncodable, PostgresDecodable {}
