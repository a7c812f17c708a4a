import CLibCurl

/// What a transfer's end means for the mail.
///
/// The final dot leaves only after libcurl was told that the payload ends. So a failure before that is certainly no
/// delivery, and one after it without a reply may be either (RFC 1047).
struct SMTPVerdict {
    private let outcome: CurlHandle.Outcome
    private let id: DeliveryID
    private let reply: SMTPReply?

    init(_ outcome: CurlHandle.Outcome, mail: OutgoingMail, credentials: SMTPConfiguration.Credentials?) {
        self.outcome = outcome
        id = mail.id
        let addresses = mail.recipients + [mail.returnPath].compactMap(\.self)
        let secrets =
            addresses.map { String($0.address.prefix { $0 != "@" }) }
            + [credentials?.user, credentials?.password].compactMap(\.self)
        reply = outcome.replies.reversed().lazy
            .compactMap { SMTPReply(lines: $0, secrets: secrets) }
            .first { $0.code == outcome.replyCode }
    }

    func get() throws(MailError) -> Receipt {
        let code = outcome.replyCode
        // libcurl takes nothing but 250 for a yes; other 2xx replies to the final dot are one too.
        if outcome.status == CURLE_OK || outcome.hasFinishedPayload && code / 100 == 2 {
            return Receipt(id: id, reply: reply?.text)
        }
        let isRefusal = (400...599).contains(code)
        let stage = stage
        let kind: MailError.Kind =
            if outcome.hasFinishedPayload, !isRefusal {
                .unknown
            } else if code / 100 == 5, stage != .session, stage != .connection {
                .permanent
            } else {
                .temporary
            }
        throw MailError(
            kind: kind, stage: stage, code: isRefusal ? code : nil,
            enhancedStatus: isRefusal ? reply?.enhancedStatus : nil, reply: isRefusal ? reply?.text : nil,
            reason: outcome.complaint)
    }

    private var stage: MailError.Stage {
        // Missing or refused authentication (RFC 4954 section 6) is no fault of the mail, even as a reply to MAIL.
        if [530, 534, 535, 538].contains(outcome.replyCode) { return .session }
        if outcome.hasStartedPayload { return .content }
        if outcome.complaint.hasPrefix("MAIL failed") { return .sender }
        if outcome.complaint.hasPrefix("RCPT failed") { return .recipient }
        if outcome.complaint.hasPrefix("DATA failed") { return .content }
        return !outcome.replies.isEmpty || outcome.hasReusedConnection ? .session : .connection
    }
}
