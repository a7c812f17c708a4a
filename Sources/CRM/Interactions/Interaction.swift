public import Foundation
public import Postgres

/// What happened between a customer and a department, on any channel. Orders and answers to surveys stand beside it in the
/// customer's timeline.
public typealias Interaction = Record<InteractionValues>

public struct InteractionValues: RecordValues {
    public enum Kind: String, JSONChoice { case call, mail, meeting, chat, ticket, note }

    public enum Direction: String, JSONChoice { case inbound, outbound }

    public enum Channel: String, JSONChoice {
        case phone, email, sms, chat, whatsapp, social, web
        case inPerson = "in_person"
        case postal, other
    }

    public static let subjectRule = TextRule.words(200)
    public static let bodyRule = TextRule.words(10_000)
    public static let outcomeRule = TextRule.words(200)
    public static let durations = 0...604_800
    public static let satisfactions = 1...5

    public var customerID: Customer.ID
    public var type: Kind
    public var direction: Direction?
    public var channel: Channel?
    public var happenedAt: Date
    public var durationSeconds: Int?
    public var subject: String?
    public var body: String?
    public var departmentID: Department.ID?
    /// Who of the business it was.
    public var memberID: Member.ID?
    public var touchpointID: Touchpoint.ID?
    public var outcome: String?
    /// How satisfied the customer was with it, 1 to 5.
    public var satisfaction: Int?
    /// Whether somebody still has to do something about it.
    public var isOpen = false
    public var dueAt: Date?

    public init(customerID: Customer.ID, type: Kind, happenedAt: Date = Date()) {
        self.customerID = customerID
        self.type = type
        self.happenedAt = happenedAt
    }

    public static let kind = "interaction"
    public static let schemaName = "Interaction"
    public static let schemaDescription = "What happened between a customer and a department, on any channel."
    public static let readScope = Scope.interactionsRead
    public static let writeScope = Scope.interactionsWrite
    public static var example: InteractionValues {
        var values = InteractionValues(customerID: Example.id(7), type: .call, happenedAt: Example.time)
        values.direction = .inbound
        values.channel = .phone
        values.durationSeconds = 240
        values.subject = "The parcel was wet"
        values.body = "Asks for another copy before Thursday."
        values.departmentID = Example.id(7)
        values.memberID = Example.id(7)
        values.touchpointID = Example.id(7)
        values.outcome = "a new copy is on its way"
        values.satisfaction = 4
        values.isOpen = true
        values.dueAt = Example.later
        return values
    }

    public static var orders: [ListOrder<Interaction>] {
        [.time("happened_at", "happened_at") { $0.values.happenedAt }]
    }

    public static let isNewestFirst = true

    public static let filters = [
        RecordFilterField(
            name: "customer_id", value: .identifier(kind: Customer.kind), description: "Only those with this customer.",
            column: "customer_id"),
        RecordFilterField(
            name: "kind", value: .choice(Kind.allCases.map(\.rawValue)), description: "Only those of this kind.",
            column: "kind"),
        RecordFilterField(
            name: "channel", value: .choice(Channel.allCases.map(\.rawValue)),
            description: "Only those on this channel.",
            column: "channel"),
        RecordFilterField(
            name: "department_id", value: .identifier(kind: Department.kind),
            description: "Only those with this department.", column: "department_id"),
        RecordFilterField(
            name: "member_id", value: .identifier(kind: Member.kind), description: "Only those with this member.",
            column: "member_id"),
        RecordFilterField(
            name: "touchpoint_id", value: .identifier(kind: Touchpoint.kind),
            description: "Only those at this touchpoint.", column: "touchpoint_id"),
        RecordFilterField(
            name: "is_open", value: .flag,
            description: "Only those about which something is still to be done, or none.",
            column: "is_open"),
        RecordFilterField(
            name: "happened_at", value: .time, description: "Only those that happened then.", column: "happened_at"),
    ]

    public var concerned: [UUID] { [customerID.rawValue] }

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let subject { Self.subjectRule.check(subject, "/subject", into: &errors) }
        if let body { Self.bodyRule.check(body, "/body", into: &errors) }
        if let outcome { Self.outcomeRule.check(outcome, "/outcome", into: &errors) }
        errors.check(durationSeconds, in: Self.durations, "/duration_seconds")
        errors.check(satisfaction, in: Self.satisfactions, "/satisfaction")
        if type == .note, subject == nil, body == nil {
            errors.append(FieldError("/body", "required", "A note says something: body or subject."))
        }
        return errors
    }

    public func check(after old: InteractionValues?) -> RecordCheck? {
        .present(
            [
                ObjectLink(.customer, "/customer_id", from: old?.customerID.rawValue, to: customerID.rawValue),
                ObjectLink(
                    .department, "/department_id", from: old?.departmentID?.rawValue, to: departmentID?.rawValue),
                ObjectLink(.member, "/member_id", from: old?.memberID?.rawValue, to: memberID?.rawValue),
                ObjectLink(
                    .touchpoint, "/touchpoint_id", from: old?.touchpointID?.rawValue, to: touchpointID?.rawValue),
            ].compactMap(\.self))
    }
}
