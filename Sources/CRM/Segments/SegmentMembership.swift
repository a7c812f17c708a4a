public import Foundation
public import Postgres

/// That a customer came into a segment, or went.
public struct SegmentChange: Sendable {
    public enum Kind: String, JSONChoice, PostgresEncodable, PostgresDecodable { case entered, left }

    public let customerID: Customer.ID
    public let change: Kind
    public let changedAt: Date
}

extension SegmentChange: JSONObject {
    public static let schemaName = "SegmentChange"
    public static let schemaDescription = "That a customer came into a segment, or went."
    public static var example: SegmentChange {
        SegmentChange(customerID: Example.id(), change: .entered, changedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("customer_id", customerID, "Who.")
        json.member("change", change, "Whether the customer came or went.")
        json.member("changed_at", changedAt, "When.")
    }
}

extension SegmentChange: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<SegmentChange>] {
        [.time("changed_at", "t.changed_at") { $0.changedAt }]
    }

    /// One customer does not come and go at one time.
    public var listID: UUID { customerID.rawValue }
}

/// A customer's time in a segment.
public struct SegmentStay: Sendable {
    public let segmentID: Segment.ID
    public let name: String
    public let enteredAt: Date
    /// `nil` for one that lasts.
    public let leftAt: Date?
}

extension SegmentStay: JSONObject {
    public static let schemaName = "SegmentStay"
    public static let schemaDescription = "A customer's time in a segment."
    public static var example: SegmentStay {
        SegmentStay(segmentID: Example.id(), name: "Repeat buyers", enteredAt: Example.time, leftAt: nil)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("segment_id", segmentID, "Which segment.")
        json.member("name", name, "What it is called.")
        json.member("entered_at", enteredAt, "When the customer came into it.")
        json.member("left_at", leftAt, "When the customer left it; null for who is in it.")
    }
}

extension SegmentStay: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<SegmentStay>] { [.time("entered_at", "t.entered_at") { $0.enteredAt }] }

    /// Nobody comes into a segment twice at one time.
    public var listID: UUID { segmentID.rawValue }
}
