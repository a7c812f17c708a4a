/// Turns a ``Message`` into the octets that travel.
///
/// The same message always gives the same octets: ASCII only, lines that end in CRLF and have at most 78 octets (998
/// where one token is longer: RFC 5322 section 2.1.1). With HTML the body is `multipart/alternative`, text first (RFC
/// 2046 section 5.1.4), else `text/plain`; both are UTF-8 in quoted-printable or base64, whichever is shorter (RFC
/// 2045). Text that is not ASCII stands in headers as RFC 2047 encoded-words. Only parameters in ASCII are written, so
/// that RFC 2231 has nothing to extend.
public struct MIMEEncoder: Sendable {
    public init() {}

    public func encode(_ message: Message) -> [UInt8] {
        var header = HeaderWriter()
        header.field("Date", MailDate.string(message.date))
        header.field("From", mailboxes: [message.from])
        if let replyTo = message.replyTo { header.field("Reply-To", mailboxes: [replyTo]) }
        header.field("To", mailboxes: message.to)
        header.field("Subject", text: message.subject)
        header.field("Message-ID", "<\(message.messageID)>")
        if let parent = message.inReplyTo {
            header.field("In-Reply-To", "<\(parent)>")
            header.field("References", "<\(parent)>")
        }
        if let tag = message.languageTag { header.field("Content-Language", tag) }
        for other in message.headers { header.field(other) }
        header.field("MIME-Version", "1.0")

        let text = BodyEncoding(message.text)
        guard let html = message.html.map(BodyEncoding.init) else {
            Self.describe("text/plain;", text, in: &header)
            return header.bytes + text.bytes
        }
        let boundary = Self.boundary(message.messageID)
        header.field("Content-Type", "multipart/alternative;", "boundary=\"\(boundary)\"")
        header.endOfHeader()
        var bytes = header.bytes
        bytes.reserveCapacity(bytes.count + text.bytes.count + html.bytes.count + 512)
        for (type, part) in [("text/plain;", text), ("text/html;", html)] {
            var header = HeaderWriter()
            Self.describe(type, part, in: &header)
            bytes += "--\(boundary)\r\n".utf8
            bytes += header.bytes
            bytes += part.bytes
            bytes += "\r\n".utf8
        }
        bytes += "--\(boundary)--\r\n".utf8
        return bytes
    }

    private static func describe(_ type: String, _ body: BodyEncoding, in header: inout HeaderWriter) {
        header.field("Content-Type", type, "charset=utf-8")
        header.field("Content-Transfer-Encoding", body.name)
        header.endOfHeader()
    }

    /// A boundary that no body can hold: `=_` occurs neither in base64 nor in quoted-printable (RFC 2045 section 6.7).
    /// The rest is the FNV-1a hash of the Message-ID, so that it is the same whenever the message is encoded.
    private static func boundary(_ id: MessageID) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return "=_" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
