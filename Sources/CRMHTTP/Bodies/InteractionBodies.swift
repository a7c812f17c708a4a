import CRM
import Foundation

extension InteractionValues: RecordBody {
    static let newExample = """
        {"customer_id": "019aab50-c4c0-7000-8000-000000000007", "kind": "call", "direction": "inbound", "channel": "phone",
         "happened_at": "2026-11-22T08:30:00Z", "duration_seconds": 240, "subject": "The parcel was wet",
         "department_id": "019aab50-c4c0-7000-8000-000000000007", "member_id": "019aab50-c4c0-7000-8000-000000000007",
         "touchpoint_id": "019aab50-c4c0-7000-8000-000000000007", "is_open": true, "due_at": "2026-11-24T08:30:00Z"}
        """
    static let changesExample = #"{"is_open": false, "outcome": "a new copy was sent", "satisfaction": 4}"#

    init(_ reader: inout BodyReader) {
        self.init(
            customerID: reader.requiredIdentifier("customer_id", "The customer."),
            type: reader.requiredChoice("kind", else: .note, "What it was."),
            happenedAt: reader.time("happened_at", or: Date(), "When; now by default."))
        direction = reader.choice("direction", "Who began: inbound is the customer.")
        channel = reader.choice("channel", "On which channel.")
        durationSeconds = reader.integer("duration_seconds", in: Self.durations, "How long it took.")
        subject = reader.text("subject", Self.subjectRule, "What it was about, in a line.")
        body = reader.text("body", Self.bodyRule, "What was said.")
        departmentID = reader.identifier("department_id", "The department that dealt with it.")
        memberID = reader.identifier("member_id", "Who of the business it was.")
        touchpointID = reader.identifier("touchpoint_id", "Where on the journey it happened.")
        outcome = reader.text("outcome", Self.outcomeRule, "What came of it.")
        satisfaction = reader.integer(
            "satisfaction", in: Self.satisfactions, "How satisfied the customer was with it, 1 to 5.")
        isOpen = reader.flag(
            "is_open", or: false, "Whether somebody still has to do something about it; no by default.")
        dueAt = reader.time("due_at", "Until when.")
    }
}
