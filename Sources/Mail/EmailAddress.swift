/// One mailbox: an address and the name shown beside it.
///
/// The address is the `dot-atom "@" domain` form of RFC 5321 section 4.1.2 in ASCII. Quoted local parts, address
/// literals (`a@[192.0.2.1]`) and addresses that need SMTPUTF8 (RFC 6531) are refused; an international domain is
/// given in its ASCII form (`xn--…`). An address therefore never needs quoting and cannot carry a line break.
public struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    /// `local@domain`, as given: local parts are case-sensitive by RFC 5321, so nothing is folded.
    public let address: String
    /// What people read instead of the address; any script, no control characters. Never empty.
    public let name: String?

    /// - Throws: ``MessageError/address(rule:)`` if the address is longer than 254 octets or not of the form above;
    ///   ``MessageError/header(name:rule:)`` if the name holds a control character. A blank name counts as none.
    public init(_ address: String, name: String? = nil) throws(MessageError) {
        try Self.validate(address)
        self.address = address
        if let name, !name.utf8.allSatisfy({ $0 == 0x20 }) {
            guard !name.unicodeScalars.contains(where: \.breaksHeader) else {
                throw .header(name: "display name", rule: "it must not contain control characters or line breaks")
            }
            self.name = name
        } else {
            self.name = nil
        }
    }

    /// What follows the @, as given.
    public var domain: Substring {
        address[(address.lastIndex(of: "@").map { address.index(after: $0) } ?? address.startIndex)...]
    }

    /// The address alone.
    public var description: String { address }

    private static func validate(_ address: String) throws(MessageError) {
        guard address.utf8.count <= 254 else { throw .address(rule: "it must not be longer than 254 octets") }
        guard !address.unicodeScalars.contains(where: \.breaksHeader) else {
            throw .address(rule: "it must not contain control characters or line breaks")
        }
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .address(rule: "it must be ASCII; write an international domain in its xn-- form")
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .address(rule: "it must have exactly one @") }
        guard (1...64).contains(parts[0].utf8.count), isDotAtom(parts[0], where: isAtomText) else {
            throw .address(
                rule: "before the @ there must be 1 to 64 letters, digits, inner single dots or !#$%&'*+-/=?^_`{|}~")
        }
        guard isDomain(parts[1]) else {
            throw .address(rule: "what stands after the @ must be a domain name")
        }
    }

    /// Whether `text` is a host name by RFC 1123 section 2.1: letters, digits and inner hyphens, labels of 1 to 63.
    static func isDomain(_ text: Substring) -> Bool {
        isDotAtom(text, where: isLabelText)
            && text.utf8.split(separator: UInt8(ascii: ".")).allSatisfy { label in
                label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
            }
    }

    static func isDotAtom(_ text: Substring, where isAllowed: (UInt8) -> Bool) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(isAllowed) }
    }

    static func isAtomText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }

    private static func isLabelText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}

extension Unicode.Scalar {
    /// Whether the scalar could end a header line somewhere: C0 and C1 controls, DEL, and Unicode's line separators.
    var breaksHeader: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
