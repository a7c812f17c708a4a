#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An e-mail: what a reader sees, before it is encoded.
///
/// Every property is checked when it is set up, so that no value can add or end a header line. The bodies are free text
/// in which LF, CR and CRLF all end a line.
public struct Message: Hashable, Sendable {
    public let from: EmailAddress
    /// Where answers go instead of to ``from``.
    public let replyTo: EmailAddress?
    /// The recipients that are shown; who really gets the message stands in ``OutgoingMail``.
    public let to: [EmailAddress]
    public let subject: String
    public let messageID: MessageID
    /// When the message was written. Encoded in UTC to the second.
    public let date: Date
    /// The message that this one answers; also written as `References`.
    public let inReplyTo: MessageID?
    public let text: String
    /// The same content as HTML. Its direction and language stand in the HTML itself.
    public let html: String?
    /// The BCP 47 tag of the language, such as `fa`, for `Content-Language` (RFC 3282).
    public let languageTag: String?
    /// Written after the others, in this order.
    public let headers: [MessageHeader]

    /// - Throws: ``MessageError/header(name:rule:)`` if there is no recipient, if the subject holds a control character
    ///   or line break or is longer than 1,000 octets, or if the language tag is not one.
    public init(
        from: EmailAddress, replyTo: EmailAddress? = nil, to: [EmailAddress], subject: String, messageID: MessageID,
        date: Date, inReplyTo: MessageID? = nil, text: String, html: String? = nil, languageTag: String? = nil,
        headers: [MessageHeader] = []
    ) throws(MessageError) {
        guard !to.isEmpty else { throw .header(name: "To", rule: "there must be a recipient") }
        guard !subject.unicodeScalars.contains(where: \.breaksHeader) else {
            throw .header(name: "Subject", rule: "it must not contain control characters or line breaks")
        }
        guard subject.utf8.count <= 1000 else {
            throw .header(name: "Subject", rule: "it must not be longer than 1000 octets")
        }
        if let languageTag {
            guard (2...35).contains(languageTag.utf8.count), EmailAddress.isDomain(languageTag[...]),
                !languageTag.contains(".")
            else { throw .header(name: "Content-Language", rule: "it must be a BCP 47 language tag") }
        }
        self.from = from
        self.replyTo = replyTo
        self.to = to
        self.subject = subject
        self.messageID = messageID
        self.date = date
        self.inReplyTo = inReplyTo
        self.text = text
        self.html = html
        self.languageTag = languageTag
        self.headers = headers
    }
}
