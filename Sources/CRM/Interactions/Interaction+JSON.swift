import Foundation
public import Postgres

extension InteractionValues {
    public func members(_ json: inout JSONWriter) {
        json.member("customer_id", customerID, "The customer.")
        json.member("kind", type, "What it was.")
        json.member("direction", direction, "Who began: inbound is the customer.")
        json.member("channel", channel, "On which channel.")
        json.member("happened_at", happenedAt, "When.")
        json.member("duration_seconds", durationSeconds, "How long it took.")
        json.member("subject", subject, "What it was about, in a line.", isPersonal: true)
        json.member("body", body, "What was said.", isPersonal: true)
        json.member("department_id", departmentID, "The department that dealt with it.")
        json.member("member_id", memberID, "Who of the business it was.")
        json.member("touchpoint_id", touchpointID, "Where on the journey it happened.")
        json.member("outcome", outcome, "What came of it.", isPersonal: true)
        json.member("satisfaction", satisfaction, "How satisfied the customer was with it, 1 to 5.")
        json.member("is_open", isOpen, "Whether somebody still has to do something about it.")
        json.member("due_at", dueAt, "Until when.")
    }

    public static let table = RecordTable(
        name: "crm.interaction",
        columns: [
            "customer_id", "kind", "direction", "channel", "happened_at", "duration_seconds", "subject", "body",
            "department_id", "member_id", "touchpoint_id", "outcome", "satisfaction", "is_open", "due_at",
        ],
        statements: .init(
            find: "interaction.find", list: "interaction.list", insert: "interaction.insert",
            update: "interaction.update", remove: "interaction.remove", lock: "interaction.lock",
            uses: "interaction.uses"))

    public var columns: [SQL] {
        [
            "\(customerID)", "\(type)", "\(direction)", "\(channel)", "\(happenedAt)", "\(durationSeconds)",
            "\(subject)", "\(body)", "\(departmentID)", "\(memberID)", "\(touchpointID)", "\(outcome)",
            "\(satisfaction)", "\(isOpen)", "\(dueAt)",
        ]
    }

    public init(row: inout RowReader) throws {
        customerID = try row.next()
        type = try row.next()
        direction = try row.nextIfPresent()
        channel = try row.nextIfPresent()
        happenedAt = try row.next()
        durationSeconds = try row.nextIfPresent()
        subject = try row.nextIfPresent()
        body = try row.nextIfPresent()
        departmentID = try row.nextIfPresent()
        memberID = try row.nextIfPresent()
        touchpointID = try row.nextIfPresent()
        outcome = try row.nextIfPresent()
        satisfaction = try row.nextIfPresent()
        isOpen = try row.next()
        dueAt = try row.nextIfPresent()
    }
}

extension InteractionValues.Kind: PostgresEncodable, PostgresDecodable {}
extension InteractionValues.Direction: PostgresEncodable, PostgresDecodable {}
extension InteractionValues.Channel: PostgresEncodable, PostgresDecodable {}
