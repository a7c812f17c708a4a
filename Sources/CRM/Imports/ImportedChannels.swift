import Foundation
import JobQueue
import Postgres

/// What a file says of a customer's channels beside one e-mail address, one telephone number and consent to e-mail.
struct ImportedChannels {
    /// Addresses with their channels, in the order in which they are preferred.
    private var addresses: [(channel: ContactPoint.Channel, address: String)] = []
    private var consents: [String: JSONNode] = [:]

    /// The channels as columns of a file name them behind a dot.
    static let name = TextRule.matching(
        ContactPoint.Channel.allCases.map(\.rawValue).joined(separator: "|"), "unknown",
        "One of \(ContactPoint.Channel.allCases.map(\.rawValue).joined(separator: ", "))."
    ) { ContactPoint.Channel(rawValue: $0) != nil }

    init() {}

    /// More than a customer may be given, since those who were made one with another may have brought theirs along: as many as twenty have.
    private static let mostAddresses = 2000

    /// - Parameters:
    ///   - own: the addresses that have columns of their own.
    ///   - consent: what the file says of e-mail in a column of its own; `nil` afterwards.
    init(
        _ cells: inout ImportCells<CustomerRecord.Column>, beside own: [ContactPoint], zone: TimeZone,
        consent: inout Bool?
    ) {
        readAddresses(&cells, own)
        readConsents(&cells, zone, &consent)
    }

    private mutating func readAddresses(
        _ cells: inout ImportCells<CustomerRecord.Column>, _ own: [ContactPoint]
    ) {
        var seen = Set(own.map { "\($0.channel):\($0.spelling)" })
        for (name, value) in cells.family(.addresses) {
            guard let channel = ContactPoint.Channel(rawValue: name) else { continue }
            for address in cells.list(.addresses, name, value, isSplit: channel != .postal) {
                let point = ContactPoint(channel: channel, address: address, isPrimary: false)
                var isGood = true
                CustomerRules.check(point) {
                    isGood = false
                    cells.report(.addresses, name, $0, $1)
                }
                if isGood, seen.insert("\(channel):\(point.spelling)").inserted { addresses.append((channel, address)) }
            }
        }
        if addresses.count > Self.mostAddresses {
            cells.report(.addresses, "too_many", "At most \(Self.mostAddresses).")
        }
    }

    private mutating func readConsents(
        _ cells: inout ImportCells<CustomerRecord.Column>, _ zone: TimeZone, _ consent: inout Bool?
    ) {
        var times: [String: Time] = [:]
        for (name, value) in cells.family(.consentsGivenAt) {
            guard let text = cells.text(.consentsGivenAt, name, value) else { continue }
            if let time = Time(text, zone) {
                times[name] = time
            } else {
                cells.report(
                    .consentsGivenAt, name, "invalid",
                    "A time that has been, such as 2026-11-22T08:30:00Z, or a day as YYYY-MM-DD.")
            }
        }
        var flags: [String: Bool] = [:]
        for (name, value) in cells.family(.consents) {
            guard let text = cells.text(.consents, name, value) else { continue }
            flags[name] = CustomerRecord.flag(text)
            if flags[name] == nil { cells.report(.consents, name, "invalid", "yes or no.") }
        }
        if let said = consent {
            let email = ContactPoint.Channel.email.rawValue
            if flags.updateValue(said, forKey: email) != nil {
                cells.report(.consents, email, "duplicate", "It stands in the column consent, too.")
            }
            consent = nil
        }
        for name in times.keys.sorted() where flags[name] == nil && cells.errors.isEmpty {
            cells.report(.consentsGivenAt, name, "not_allowed", "The row says of no consent to this channel.")
        }
        for (name, flag) in flags {
            consents[name] = .object([
                "is_granted": .bool(flag),
                "given_at": times[name].map { .string(JSONCoding.rfc3339($0.moment(isGranted: flag))) } ?? .null,
            ])
        }
    }

    /// When something was said: from the first moment on that it may have been, until the last.
    private struct Time {
        private let first: Date
        private let last: Date

        /// `nil` for what is neither a time nor a day of either calendar, and for what is still to come.
        init?(_ text: String, _ zone: TimeZone) {
            if let time = Date(rfc3339: text) {
                (first, last) = (time, time)
            } else if let day = PlainNumber.day(text, from: 1900) {
                first = LocalDay.start(of: day, in: zone)
                last = LocalDay.start(of: LocalDay.day(1, after: day), in: zone).addingTimeInterval(-1)
            } else {
                return nil
            }
            if first > Date().addingTimeInterval(300) { return nil }
        }

        /// Of a day a refusal outlasts what was said on it, and consent does not.
        func moment(isGranted: Bool) -> Date { isGranted ? first : min(last, Date()) }
    }

    /// A JSON array of the channels and addresses, with ids in their order; `nil` for none.
    var addressesJSON: JSONText? {
        addresses.isEmpty
            ? nil
            : JSONText(
                utf8: JSONWriter.bytes(of: addresses.map { [$0.channel.rawValue, $0.address, UUID.v7().uuidString] }))
    }

    /// A JSON object by channel; `nil` for none.
    var consentsJSON: JSONText? {
        consents.isEmpty ? nil : JSONText(utf8: JSONWriter.bytes(of: consents))
    }
}
