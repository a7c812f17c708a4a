public import Foundation
public import Postgres

/// Everything that somebody wants to see who has the customer before them.
public struct CustomerOverview: Sendable {
    /// Whether the business may write or call on a channel, as far as the customer said.
    public struct Permission: Sendable {
        public let channel: ContactPoint.Channel
        public let isGranted: Bool
        public let source: Consent.Source
        public let givenAt: Date
        public let recordedAt: Date
    }

    /// What the customer bought in one currency.
    public struct Purchases: Sendable {
        public let count: Int
        public let amount: Money
        public let firstOn: LocalDate
        public let lastOn: LocalDate
    }

    public struct Membership: Sendable {
        public let segmentID: Segment.ID
        public let name: String
        public let enteredAt: Date
    }

    /// The customer's last answer to one kind of question.
    public struct Answer: Sendable {
        public let metric: Metric
        public let score: Int
        public let responseID: UUID
        public let answeredAt: Date
    }

    public static let timelineLength = 20
    public static let maximumOpenMatters = 50

    public let customer: Customer
    public let permissions: [Permission]
    public let purchases: [Purchases]
    public let segments: [Membership]
    public let answers: [Answer]
    public let openMatters: [Interaction]
    public let timeline: [TimelineEntry]
}

extension CustomerOverview: JSONObject {
    public static let schemaName = "CustomerOverview"
    public static let schemaDescription = "Everything that somebody wants to see who has the customer before them."
    public static var example: CustomerOverview {
        CustomerOverview(
            customer: .example, permissions: [.example], purchases: [.example], segments: [.example],
            answers: [.example], openMatters: [.example], timeline: [.example])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("customer", customer, "The customer.", isPersonal: true)
        json.member("consents", permissions, "The latest word on each channel; none where the customer said nothing.")
        json.member("purchases", purchases, "What the customer bought, by currency; empty without orders:read.")
        json.member("segments", segments, "The segments that the customer is in; empty without segments:read.")
        json.member("answers", answers, "The last answer to each kind of question; empty without responses:read.")
        json.member(
            "open_matters", openMatters,
            "The interactions about which something is still to be done, oldest first, at most 50; empty without interactions:read."
        )
        json.member(
            "timeline", timeline, "What happened last, newest first, at most 20 entries that the caller may read.")
    }
}

extension CustomerOverview.Permission: JSONObject {
    public static let schemaName = "ChannelConsent"
    public static let schemaDescription = "Whether the business may write or call on a channel."
    public static var example: CustomerOverview.Permission {
        CustomerOverview.Permission(
            channel: .email, isGranted: true, source: .api, givenAt: Example.time, recordedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("channel", channel, "The channel.")
        json.member("is_granted", isGranted, "Whether the business may.")
        json.member("source", source, "How the business learned it.")
        json.member("given_at", givenAt, "When the customer said it.")
        json.member("recorded_at", recordedAt, "When it was recorded.")
    }
}

extension CustomerOverview.Purchases: JSONObject {
    public static let schemaName = "Purchases"
    public static let schemaDescription = "What a customer bought in one currency."
    public static var example: CustomerOverview.Purchases {
        CustomerOverview.Purchases(count: 3, amount: .example, firstOn: Example.day, lastOn: Example.day)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("count", count, "How many orders.")
        json.member("amount", amount, "What they came to, without what came back.")
        json.member("first_on", firstOn, "The day of the first.")
        json.member("last_on", lastOn, "The day of the last.")
    }
}

extension CustomerOverview.Membership: JSONObject {
    public static let schemaName = "SegmentMembership"
    public static let schemaDescription = "That a customer is in a segment."
    public static var example: CustomerOverview.Membership {
        CustomerOverview.Membership(segmentID: Example.id(7), name: "Repeat buyers", enteredAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("segment_id", segmentID, "The segment.")
        json.member("name", name, "Its name.")
        json.member("entered_at", enteredAt, "Since when.")
    }
}

extension CustomerOverview.Answer: JSONObject {
    public static let schemaName = "LastAnswer"
    public static let schemaDescription = "A customer's last answer to one kind of question."
    public static var example: CustomerOverview.Answer {
        CustomerOverview.Answer(metric: .nps, score: 9, responseID: Example.uuid, answeredAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("metric", metric, "What was measured.")
        json.member("score", score, "The answer.")
        json.member("response_id", responseID, "The response that it stands in.")
        json.member("answered_at", answeredAt, "When.")
    }
}
