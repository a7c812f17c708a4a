import Foundation

/// What values a customer may have, wherever they come from.
public enum CustomerRules {
    public static let name = TextRule.words(200)
    public static let reference = TextRule.words(100)
    public static let address = TextRule.words(500)
    public static let maximumContactPoints = 20
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
            if !seen.insert("\(point.channel):\(point.address.lowercased())").inserted {
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

    static func check(merged attributes: [String: JSONNode]) throws {
        var errors: [FieldError] = []
        check(attributes: attributes, into: &errors)
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}

extension CustomerChanges {
    /// The customer as it is to be.
    func applied(to old: Customer) -> Customer {
        Customer(
            id: old.id, kind: kind ?? old.kind, stage: stage ?? old.stage, reference: reference ?? old.reference,
            name: name ?? old.name, language: language ?? old.language, timeZone: timeZone ?? old.timeZone,
            attributes: mergedAttributes(of: old), contactPoints: contactPoints ?? old.contactPoints,
            version: old.version, createdAt: old.createdAt, updatedAt: old.updatedAt)
    }

    /// The customer's attributes with those of the patch merged in.
    func mergedAttributes(of old: Customer) -> [String: JSONNode] {
        guard let attributes,
            case .object(let merged) = JSONMergePatch.apply(.object(attributes), to: .object(old.attributes))
        else { return old.attributes }
        return merged
    }
}

extension NewCustomer {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        CustomerRules.name.check(name, "/name", into: &errors)
        if let reference { CustomerRules.reference.check(reference, "/reference", into: &errors) }
        if let language { TextRule.language.check(language, "/language", into: &errors) }
        if let timeZone { TextRule.timeZone.check(timeZone, "/time_zone", into: &errors) }
        CustomerRules.check(contactPoints, into: &errors)
        CustomerRules.check(attributes: attributes, into: &errors)
        return errors
    }
}

extension CustomerChanges {
    /// Everything that is not allowed, whatever the customer is like.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let name { CustomerRules.name.check(name, "/name", into: &errors) }
        if case .some(.some(let reference)) = reference {
            CustomerRules.reference.check(reference, "/reference", into: &errors)
        }
        if let language { TextRule.language.check(language, "/language", into: &errors) }
        if case .some(.some(let timeZone)) = timeZone { TextRule.timeZone.check(timeZone, "/time_zone", into: &errors) }
        if let contactPoints { CustomerRules.check(contactPoints, into: &errors) }
        return errors
    }
}
