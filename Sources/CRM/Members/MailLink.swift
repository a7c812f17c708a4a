public import JobQueue

/// Mails a member a link by which to choose a password. The secret is made when the mail is: no row of the queue holds it.
public struct MailLink: Job {
    public static let kind = "member.mail"

    public let memberID: Member.ID
    public let purpose: MemberLink
    /// Asked for twice while it waits it is sent once.
    public var uniqueKey: String? { "\(purpose.rawValue):\(memberID)" }
}
