import Foundation
import Postgres

/// What values a customer may have, wherever they come from.
public enum CustomerRules {
    public static let name = TextRule.words(200)
    public static let reference = TextRule.words(100)
    public static let address = TextRule.words(500)
    public static let stageReason = TextRule.words(500)
    public static let source = TextRule.words(100)
    public static let tag = TextRule.words(100)
    public static let script = TextRule.matching("[A-Z][a-z]{3}", "invalid", "An ISO 15924 code such as Arab or Latn.")
    {
        $0.wholeMatch(of: /[A-Z][a-z]{3}/) != nil
    }
    public static let system = TextRule.matching(
        "[a-z][a-z0-9_-]{0,49}", "invalid", "A name such as shop: small letters, digits, _ and -, at most 50."
    ) { $0.wholeMatch(of: /[a-z][a-z0-9_-]{0,49}/) != nil }
    public static let maximumContactPoints = 20
    public static let maximumNames = 10
    public static let maximumReferences = 20
    public static let maximumMarkets = 50
    public static let maximumTags = 50
    static func isBirthDate(_ day: LocalDate) -> Bool {
        // The day that it is first anywhere.
        day <= LocalDay.day(of: Date(), in: TimeZone(secondsFromGMT: 14 * 3600) ?? .gmt)
            && LocalDate(year: 1800, month: 1, day: 1).map { day >= $0 } == true
    }

    static let maximumAttributesBytes = 16 * 1024

    static func check(name: String, _ report: (_ code: String, _ detail: String) -> Void) {
        check(name, Self.name, report)
    }

    static func check(reference: String, _ report: (_ code: String, _ detail: String) -> Void) {
        check(reference, Self.reference, report)
    }

    static func check(language: String, _ report: (_ code: String, _ detail: String) -> Void) {
        check(language, .language, report)
    }

    static func check(timeZone: String, _ report: (_ code: String, _ detail: String) -> Void) {
        check(timeZone, .timeZone, report)
    }

    private static func check(_ text: String, _ rule: TextRule, _ report: (_ code: String, _ detail: String) -> Void) {
        if let fault = rule.fault(of: text) { report(fault.code, fault.detail) }
    }

    static func check(_ point: ContactPoint, _ report: (_ code: String, _ detail: String) -> Void) {
        switch point.channel {
        case .email:
            if !Address.isEmail(point.address) { report("invalid", "An e-mail address such as name@host.example.") }
        case .phone, .sms, .whatsapp:
            if !Address.isPhone(point.address) { report("invalid", "A telephone number of 4 to 15 digits.") }
        case .postal:
            check(point.address, address, report)
        }
    }

    static func check(_ points: [ContactPoint], into errors: inout [FieldError]) {
        if points.count > maximumContactPoints {
            errors.append(FieldError("/contact_points", "too_many", "At most \(maximumContactPoints)."))
        }
        var primary: Set<ContactPoint.Channel> = []
        var seen: Set<String> = []
        for (index, point) in points.enumerated() {
            check(point) { errors.append(FieldError("/contact_points/\(index)/address", $0, $1)) }
            if point.isPrimary, !primary.insert(point.channel).inserted {
                errors.append(
                    FieldError(
                        "/contact_points/\(index)/is_primary", "duplicate", "One primary contact point a channel."))
            }
            if !seen.insert("\(point.channel):\(point.spelling)").inserted {
                errors.append(FieldError("/contact_points/\(index)/address", "duplicate", "The address stands twice."))
            }
        }
    }

    static func check(attributes: [String: JSONNode], into errors: inout [FieldError]) {
        guard !attributes.isEmpty else { return }
        if JSONWriter.bytes(of: attributes).count > maximumAttributesBytes {
            errors.append(FieldError("/attributes", "too_large", "At most \(maximumAttributesBytes) bytes of JSON."))
        }
    }

    /// The texts of a map, each and by their names.
    static func check(
        _ texts: [String: String], _ pointer: String, _ names: TextRule, _ values: TextRule, _ most: Int,
        _ errors: inout [FieldError]
    ) {
        if texts.count > most { errors.append(FieldError(pointer, "too_many", "At most \(most).")) }
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/\(FieldError.escaped(name))"
            if let fault = names.fault(of: name) {
                errors.append(FieldError(place, "unknown", fault.detail))
            } else {
                values.check(text, place, into: &errors)
            }
        }
    }

    static func check(
        unique values: [some Hashable], _ pointer: String, atMost most: Int, _ errors: inout [FieldError]
    ) {
        if values.count > most { errors.append(FieldError(pointer, "too_many", "At most \(most).")) }
        var seen: Set<AnyHashable> = []
        for (index, value) in values.enumerated() where !seen.insert(value).inserted {
            errors.append(FieldError("\(pointer)/\(index)", "duplicate", "Stands twice."))
        }
    }
}

extension ContactPoint {
    /// What two spellings of an address have in common: of a number its digits, whichever they are.
    var spelling: String {
        switch channel {
        case .phone, .sms, .whatsapp:
            let digits = address.compactMap { $0 == "+" ? $0 : $0.wholeNumberValue.flatMap { "\($0)".first } }
            // Of what is no number at all two are not the same.
            return digits.isEmpty ? address : Self.national(String(digits))
        case .email, .postal: return address.lowercased()
        }
    }

    /// A number of Iran as it is dialled there, however it is written (`crm.address_key`); others as they are.
    private static func national(_ number: String) -> String {
        let country = ["+98", "0098", "98"].first { number.hasPrefix($0) && number.utf8.count >= $0.utf8.count + 10 }
        var rest = number.dropFirst(country?.count ?? 0)
        if rest.first == "0" { rest.removeFirst() }
        guard rest.utf8.count == 10, !rest.contains("+") else { return number }
        let isAbroad = country != nil && country != "98"
        return rest.first == "9" || (isAbroad && rest.first != "0") ? "0\(rest)" : number
    }
}
