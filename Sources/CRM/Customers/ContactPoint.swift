public import Foundation

/// One way to reach a customer.
public struct ContactPoint: Sendable, Equatable {
    public enum Channel: String, JSONChoice { case email, phone, sms, whatsapp, postal }

    public enum Purpose: String, JSONChoice { case home, work, mobile, billing, shipping, other }

    public let channel: Channel
    public let address: String
    /// The one that is used when the channel is; at most one of a channel.
    public let isPrimary: Bool
    public var type: Purpose?
    /// When it was found to reach the customer; `nil` when nobody knows.
    public var verifiedAt: Date?

    public init(
        channel: Channel, address: String, isPrimary: Bool, type: Purpose? = nil, verifiedAt: Date? = nil
    ) {
        self.channel = channel
        self.address = address
        self.isPrimary = isPrimary
        self.type = type
        self.verifiedAt = verifiedAt
    }
}

extension ContactPoint: JSONObject {
    public static let schemaName = "ContactPoint"
    public static let schemaDescription = "One way to reach a customer."
    public static var example: ContactPoint {
        ContactPoint(
            channel: .email, address: "mina@readers.example", isPrimary: true, type: .home, verifiedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("channel", channel, "How it is reached.")
        json.member("address", address, "The e-mail address, telephone number or postal address.", isPersonal: true)
        json.member("is_primary", isPrimary, "Whether it is the one that is used; at most one of a channel.")
        json.member("type", type, "What the customer uses it for.")
        json.member("verified_at", verifiedAt, "When it was found to reach the customer; null when nobody knows.")
    }
}
