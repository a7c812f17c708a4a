/// A message's world-wide unique name, `left@right` (RFC 5322 section 3.6.4), without its angle brackets.
///
/// Give a message the same id whenever the same message is sent again: mailboxes use it to recognise duplicates.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    /// What stands before the @.
    public let left: String
    /// What stands after the @, by convention a domain of the sender.
    public let right: String

    /// - Throws: ``MessageError/header(name:rule:)`` unless `left` and `right` form a valid ``EmailAddress`` but for
    ///   the length of `left`, which may be up to 180 octets.
    public init(_ left: String, domain right: String) throws(MessageError) {
        let isValid =
            left.utf8.count <= 180 && right.utf8.count <= 253 && EmailAddress.isDomain(right[...])
            && EmailAddress.isDotAtom(left[...], where: EmailAddress.isAtomText)
        guard isValid else {
            throw .header(name: "Message-ID", rule: "it must be dot-separated ASCII atoms, @ and a domain name")
        }
        self.left = left
        self.right = right
    }

    /// `left@right`.
    public var description: String { "\(left)@\(right)" }
}
