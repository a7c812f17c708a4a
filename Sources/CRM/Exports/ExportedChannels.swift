import Foundation
import Postgres

/// By which ways a customer is reached, and by which of them the customer wants to be, as ``ImportedChannels`` takes them in.
struct ExportedChannels: Sendable {
    private(set) var email: String?
    private(set) var phone: String?
    /// To e-mail.
    private(set) var consent: Bool?
    /// All but the first e-mail address and the first telephone number, by channel.
    private(set) var addresses: [String: [String]] = [:]
    /// To other channels than e-mail, by channel.
    private(set) var consents: [String: Bool] = [:]
    /// When each was said, by channel.
    private(set) var times: [String: Date] = [:]

    /// Reads the channels and the addresses, those of a channel in the order in which they are preferred.
    mutating func readAddresses(_ row: inout RowReader) throws {
        let channels: [ContactPoint.Channel] = try row.next()
        let texts: [String] = try row.next()
        for (channel, text) in zip(channels, texts) {
            switch channel {
            case .email where email == nil: email = text
            case .phone where phone == nil: phone = text
            default: addresses[channel.rawValue, default: []].append(text)
            }
        }
    }

    /// Reads the channels, whether they are wanted, and since when.
    mutating func readConsents(_ row: inout RowReader) throws {
        let channels: [ContactPoint.Channel] = try row.next()
        let grants: [Bool] = try row.next()
        let moments: [Date] = try row.next()
        for (index, channel) in channels.enumerated() {
            times[channel.rawValue] = moments[index]
            if channel == .email { consent = grants[index] } else { consents[channel.rawValue] = grants[index] }
        }
    }
}
