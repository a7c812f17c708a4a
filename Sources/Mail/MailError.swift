/// A mail that a transport did not deliver, or may not have delivered.
///
/// Its description holds no address, user name or password, so it is safe to log and to store.
public struct MailError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the sender may conclude.
    public enum Kind: String, Hashable, Sendable {
        /// Certainly not delivered; another attempt may succeed: a 4xx reply, no connection, a time-out before the end
        /// of the message, or a fault of the session (``Stage/session``) whatever its reply.
        case temporary
        /// Certainly not delivered, and another attempt would fail likewise: a 5xx reply to this mail.
        case permanent
        /// It may or may not have been delivered: the connection ended between the final dot and its reply (RFC 1047).
        /// Sending again may deliver twice.
        case unknown
    }

    /// How far the attempt came.
    public enum Stage: String, Hashable, Sendable {
        /// No connection to the server, or no place to write to.
        case connection
        /// Greeting, EHLO, STARTTLS or authentication: nothing that depends on the mail.
        case session
        /// The return path was refused (MAIL FROM).
        case sender
        /// A recipient was refused (RCPT TO): a 5xx here is a hard bounce.
        case recipient
        /// The message was refused or did not get through (DATA).
        case content
    }

    public let kind: Kind
    public let stage: Stage
    /// The SMTP reply code, 400…599.
    public let code: Int?
    /// The enhanced status code of RFC 3463, such as `5.1.1`.
    public let enhancedStatus: String?
    /// The server's text without the codes and with addresses removed, at most 200 characters.
    public let reply: String?
    /// What failed, for people.
    public let reason: String

    public init(
        kind: Kind, stage: Stage, code: Int? = nil, enhancedStatus: String? = nil, reply: String? = nil, reason: String
    ) {
        self.kind = kind
        self.stage = stage
        self.code = code
        self.enhancedStatus = enhancedStatus
        self.reply = reply
        self.reason = reason
    }

    public var description: String {
        let answer = [code.map { "\($0)" }, enhancedStatus, reply].compactMap(\.self).joined(separator: " ")
        return "\(kind.rawValue) mail error (\(stage.rawValue)): \(reason)" + (answer.isEmpty ? "" : ": \(answer)")
    }
}
