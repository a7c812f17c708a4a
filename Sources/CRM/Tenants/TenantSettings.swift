public import Foundation

/// What a tenant decides about itself.
public struct TenantSettings: Sendable {
    public enum CalendarKind: String, JSONChoice { case gregorian, jalali }

    public enum Weekday: String, JSONChoice {
        case monday, tuesday, wednesday, thursday, friday, saturday, sunday

        /// Monday is 1. (ISO 8601)
        init?(number: Int) {
            guard (1...7).contains(number) else { return nil }
            self = Self.allCases[number - 1]
        }

        var number: Int16 { Int16((Self.allCases.firstIndex(of: self) ?? 0) + 1) }
    }

    /// The business's name as its customers see it.
    public let name: String
    public let locale: String
    /// An IANA name such as `Asia/Tehran`.
    public let timeZone: String
    public let calendar: CalendarKind
    public let workingDays: [Weekday]
    public let currency: String
    public let senderName: String
    public let senderAddress: String
    public let replyTo: String?
    /// Days in which a customer is invited at most once.
    public let quarantineDays: Int
    public let consentRequired: Bool
    /// Scores of fewer answers are withheld.
    public let minimumAnswers: Int
    /// Whose pages may call the API from a browser.
    public let allowedOrigins: [String]
    /// Most requests of all keys together, and of one.
    public let requestsPerSecond: Int
    public let keyRequestsPerSecond: Int
    public let version: Int
    public let updatedAt: Date

    var zone: TimeZone { TimeZone(identifier: timeZone) ?? .gmt }
}

extension TenantSettings: JSONObject {
    public static let schemaName = "Settings"
    public static let schemaDescription = "What a business decides about itself."

    public static var example: TenantSettings {
        TenantSettings(
            name: "Bazaar Books", locale: "fa", timeZone: "Asia/Tehran", calendar: .jalali,
            workingDays: [.saturday, .sunday, .monday, .tuesday, .wednesday], currency: "IRR",
            senderName: "Bazaar Books",
            senderAddress: "hello@bazaar.example", replyTo: nil, quarantineDays: 30, consentRequired: false,
            minimumAnswers: 5, allowedOrigins: ["https://app.bazaar.example"], requestsPerSecond: 500,
            keyRequestsPerSecond: 250, version: 2, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "The business's name as its customers see it.")
        json.member("locale", locale, "BCP 47 tag of the business's own language.")
        json.member("time_zone", timeZone, "IANA name; days of scores and send windows are days there.")
        json.member("calendar", calendar, "The calendar in which people are shown dates.")
        json.member("working_days", workingDays, "The days on which the business works.")
        json.member("currency", currency, "ISO 4217 code of amounts that name none.")
        json.member("sender_name", senderName, "The name that mails come from.")
        json.member("sender_address", senderAddress, "The address that mails come from.")
        json.member("reply_to", replyTo, "The address that answers to mails go to; null for the sender's.")
        json.member(
            "quarantine_days", quarantineDays, "Days in which a customer is invited at most once, by any campaign.")
        json.member("consent_required", consentRequired, "Whether only customers that consented are written to.")
        json.member("minimum_answers", minimumAnswers, "Scores of fewer answers are withheld.")
        json.member("allowed_origins", allowedOrigins, "Whose pages may call the API from a browser.")
        json.member("requests_per_second", requestsPerSecond, "Most requests of all keys together, on one server.")
        json.member("key_requests_per_second", keyRequestsPerSecond, "Most requests of one key, on one server.")
        json.member("version", version, "Counts the changes; the ETag is made of it.")
        json.member("updated_at", updatedAt, "When they were changed last.")
    }
}

/// What a merge patch changes of the settings; the outer `nil` leaves a value as it is, the inner one removes it.
public struct SettingsChanges: Sendable, Equatable {
    public var name: String?
    public var locale: String?
    public var timeZone: String?
    public var calendar: TenantSettings.CalendarKind?
    public var workingDays: [TenantSettings.Weekday]?
    public var currency: String?
    public var senderName: String?
    public var senderAddress: String?
    public var replyTo: String??
    public var quarantineDays: Int?
    public var consentRequired: Bool?
    public var minimumAnswers: Int?
    public var allowedOrigins: [String]?
    public var requestsPerSecond: Int?
    public var keyRequestsPerSecond: Int?

    public init() {}
}

/// What values the settings of a tenant may have.
public enum SettingsRules {
    public static let name = TextRule.words(200)
    public static let locale = TextRule.matching(
        "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "invalid", "A BCP 47 tag such as fa or en-GB."
    ) { $0.utf8.count <= 35 && $0.wholeMatch(of: /[a-z]{2,3}(-[A-Za-z0-9]{2,8})*/) != nil }
    public static let slug = TextRule.matching(
        "[a-z][a-z0-9-]{1,62}", "invalid", "2 to 63 of a–z, 0–9 and -, a letter first."
    ) { $0.wholeMatch(of: /[a-z][a-z0-9-]{1,62}/) != nil }
    public static let senderName = TextRule(
        .string.length(1...100).pattern("^[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*$"), "invalid",
        "1 to 100 characters in one line."
    ) { text in
        TextRule.words(100).fault(of: text) == nil
            && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
    public static let email = TextRule(
        .string.format("email").length(3...254), "invalid", "An e-mail address such as name@host.example."
    ) { Address.isEmail($0) }
    /// A scheme and a host, with a port where it is not the scheme's own. (RFC 6454, section 6.2.)
    public static let origin = TextRule.matching(
        "https?://[a-z0-9.-]+(:[0-9]{1,5})?", "invalid",
        "An origin such as https://app.example, in lower case, without a path."
    ) { $0.utf8.count <= 255 && $0.wholeMatch(of: /https?:\/\/[a-z0-9.-]+(:[0-9]{1,5})?/) != nil }
    public static let quarantineDays = 0...3650
    public static let minimumAnswers = 1...1000
    public static let requestsPerSecond = 1...100_000
    public static let maximumOrigins = 20

    static func check(workingDays: [TenantSettings.Weekday], into errors: inout [FieldError]) {
        guard Set(workingDays).count < workingDays.count else { return }
        errors.append(FieldError("/working_days", "duplicate", "Each day once."))
    }
}

extension SettingsChanges {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        func check(_ text: String?, _ rule: TextRule, _ pointer: String) {
            if let text { rule.check(text, pointer, into: &errors) }
        }
        func check(_ number: Int?, _ range: ClosedRange<Int>, _ pointer: String) {
            if let number, !range.contains(number) {
                errors.append(FieldError(pointer, "range", "\(range.lowerBound) to \(range.upperBound)."))
            }
        }
        check(name, SettingsRules.name, "/name")
        check(locale, SettingsRules.locale, "/locale")
        check(timeZone, .timeZone, "/time_zone")
        check(currency, .currency, "/currency")
        check(senderName, SettingsRules.senderName, "/sender_name")
        check(senderAddress, SettingsRules.email, "/sender_address")
        if case .some(let address) = replyTo { check(address, SettingsRules.email, "/reply_to") }
        check(quarantineDays, SettingsRules.quarantineDays, "/quarantine_days")
        check(minimumAnswers, SettingsRules.minimumAnswers, "/minimum_answers")
        check(requestsPerSecond, SettingsRules.requestsPerSecond, "/requests_per_second")
        check(keyRequestsPerSecond, SettingsRules.requestsPerSecond, "/key_requests_per_second")
        if let workingDays { SettingsRules.check(workingDays: workingDays, into: &errors) }
        for (index, origin) in (allowedOrigins ?? []).enumerated() {
            check(origin, SettingsRules.origin, "/allowed_origins/\(index)")
        }
        if let allowedOrigins, allowedOrigins.count > SettingsRules.maximumOrigins {
            errors.append(FieldError("/allowed_origins", "too_many", "At most \(SettingsRules.maximumOrigins)."))
        }
        return errors
    }
}
