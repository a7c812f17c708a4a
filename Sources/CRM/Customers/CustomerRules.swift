import Foundation

/// What values a customer may have, wherever they come from.
enum CustomerRules {
    static let maximumContactPoints = 20
    static let maximumAttributesBytes = 16 * 1024

    /// Whether the text has a character that is not blank, and so many scalars at most. A scalar has 1 to 4 bytes.
    private static func isText(_ text: String, atMost limit: Int) -> Bool {
        guard text.utf8.count <= limit || text.unicodeScalars.count <= limit else { return false }
        return text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }

    static func check(name: String, _ report: (_ code: String, _ detail: String) -> Void) {
        if !isText(name, atMost: 200) {
            report("length", "1 to 200 characters that are not all blank.")
        }
    }

    static func check(reference: String, _ report: (_ code: String, _ detail: String) -> Void) {
        if !isText(reference, atMost: 100) {
            report("length", "1 to 100 characters that are not all blank.")
        }
    }

    static func check(language: String, _ report: (_ code: String, _ detail: String) -> Void) {
        let letters = language.utf8
        if !(2...3).contains(letters.count) || !letters.allSatisfy({ (0x61...0x7A).contains($0) }) {
            report("invalid", "An ISO 639 code such as fa or en.")
        }
    }

    static func check(timeZone: String, _ report: (_ code: String, _ detail: String) -> Void) {
        if TimeZone(identifier: timeZone) == nil { report("unknown", "An IANA time zone such as Asia/Tehran.") }
    }

    static func check(_ point: ContactPoint, _ report: (_ code: String, _ detail: String) -> Void) {
        switch point.channel {
        case .email:
            if !Address.isEmail(point.address) { report("invalid", "An e-mail address such as name@host.example.") }
        case .phone, .sms, .whatsapp:
            if !Address.isPhone(point.address) { report("invalid", "A telephone number of 4 to 15 digits.") }
        case .postal:
            if !isText(point.address, atMost: 500) {
                report("length", "1 to 500 characters.")
            }
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

    static func check(attributes: [String: JSONNode], into errors: inout [FieldError]) throws {
        if try JSONEncoder().encode(attributes).count > maximumAttributesBytes {
            errors.append(FieldError("/attributes", "too_large", "At most \(maximumAttributesBytes) bytes of JSON."))
        }
    }
}

extension CustomerRules {
    static func check(merged attributes: [String: JSONNode]) throws {
        var errors: [FieldError] = []
        try check(attributes: attributes, into: &errors)
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}

extension CustomerChanges {
    /// The customer's attributes with those of the patch merged in.
    func mergedAttributes(of old: Customer) -> [String: JSONNode] {
        guard let attributes,
            case .object(let merged) = JSONMergePatch.apply(.object(attributes), to: .object(old.attributes))
        else { return old.attributes }
        return merged
    }
}

extension NewCustomer {
    func validate() throws {
        var errors: [FieldError] = []
        CustomerRules.check(name: name) { errors.append(FieldError("/name", $0, $1)) }
        if let reference {
            CustomerRules.check(reference: reference) { errors.append(FieldError("/reference", $0, $1)) }
        }
        if let language { CustomerRules.check(language: language) { errors.append(FieldError("/language", $0, $1)) } }
        if let timeZone { CustomerRules.check(timeZone: timeZone) { errors.append(FieldError("/time_zone", $0, $1)) } }
        CustomerRules.check(contactPoints, into: &errors)
        try CustomerRules.check(attributes: attributes, into: &errors)
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}

extension CustomerChanges {
    func validate() throws {
        var errors: [FieldError] = []
        if let name { CustomerRules.check(name: name) { errors.append(FieldError("/name", $0, $1)) } }
        if case .some(.some(let reference)) = reference {
            CustomerRules.check(reference: reference) { errors.append(FieldError("/reference", $0, $1)) }
        }
        if let language { CustomerRules.check(language: language) { errors.append(FieldError("/language", $0, $1)) } }
        if case .some(.some(let timeZone)) = timeZone {
            CustomerRules.check(timeZone: timeZone) { errors.append(FieldError("/time_zone", $0, $1)) }
        }
        if let contactPoints { CustomerRules.check(contactPoints, into: &errors) }
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}
