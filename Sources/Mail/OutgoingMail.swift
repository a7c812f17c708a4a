/// One delivery: an encoded message and its envelope (RFC 5321 section 2.3.1).
public struct OutgoingMail: Hashable, Sendable {
    public let id: DeliveryID
    /// Where bounces go; `nil` is the null reverse-path `<>`, to which nothing bounces.
    public let returnPath: EmailAddress?
    /// Who gets the message. Never empty.
    public let recipients: [EmailAddress]
    /// The message as ``MIMEEncoder`` gives it: header and body in lines that end in CRLF.
    public let content: [UInt8]

    /// - Throws: ``MessageError/address(rule:)`` if there is no recipient.
    public init(
        id: DeliveryID, returnPath: EmailAddress?, recipients: [EmailAddress], content: [UInt8]
    ) throws(MessageError) {
        guard !recipients.isEmpty else { throw .address(rule: "the envelope must have a recipient") }
        self.id = id
        self.returnPath = returnPath
        self.recipients = recipients
        self.content = content
    }

    /// Encodes `message` and sends it to those that it names in its `To`.
    public init(id: DeliveryID, returnPath: EmailAddress?, message: Message) {
        self.id = id
        self.returnPath = returnPath
        recipients = message.to
        content = MIMEEncoder().encode(message)
    }
}
