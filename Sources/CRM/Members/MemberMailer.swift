package import Foundation
package import Mail
import Postgres

/// Mails members the links that they asked for or were invited by.
package struct MemberMailer: Sendable {
    private let database: Database
    private let transport: any MailTransport
    private let publicURL: String

    /// - Parameter publicURL: where the page is reached at which a password is chosen.
    package init(database: Database, transport: any MailTransport, publicURL: String) {
        self.database = database
        self.transport = transport
        self.publicURL = publicURL
    }

    /// Most mails of a purpose that a member gets in an hour: whoever asks without end fills nobody's mailbox.
    private static let hourly = 5

    /// Sends one mail with a new link, which ends those of before: whoever finds an old mail opens nothing.
    ///
    /// - Parameter id: of the mail.
    /// - Returns: whether there was a mail to send.
    /// - Throws: `MailError`.
    package func send(_ context: TenantContext, _ job: MailLink, id: UUID) async throws -> Bool {
        let tenant = context.tenantID
        let token = SecretToken.make(for: tenant)
        let mail = try await database.withTenant(context) { transaction -> OutgoingMail? in
            let (found, letterhead, recent) = try await transaction.pipeline(
                MemberStatements.find(tenant, job.memberID), MemberStatements.letterhead(tenant),
                MemberStatements.countRecentLinks(tenant, job.purpose, to: job.memberID))
            guard let member = found, recent < Self.hourly else { return nil }
            // Who has joined meanwhile needs no invitation.
            if job.purpose == .invitation, member.joinedAt != nil { return nil }
            let recipient = LinkedMember(
                purpose: job.purpose, id: member.id, name: member.name, email: member.email,
                language: member.language, tenantName: letterhead.tenantName, tenantSlug: letterhead.tenantSlug,
                tenantState: .active)
            let letter = MemberLetter(member: recipient, letterhead: letterhead, url: "\(publicURL)/m/\(token.text)")
            let mail = try letter.mail(id)
            _ = try await transaction.pipeline(
                MemberStatements.removeEndedLinks(tenant, of: job.memberID),
                MemberStatements.endLinks(tenant, job.purpose, of: job.memberID),
                MemberStatements.insertLink(tenant, token, job.purpose, to: job.memberID),
                try Event.record(
                    job.purpose == .invitation ? "member.invitation_mailed" : "member.reset_mailed", Member.kind,
                    job.memberID.rawValue, by: context))
            return mail
        }
        guard let mail else { return false }
        do {
            _ = try await transport.send(mail)
            return true
        } catch let error as MailError where error.kind != .unknown {
            // Nobody has it, so nobody needs it.
            _ = try await database.run(context, MemberStatements.useLink(token))
            throw error
        }
    }
}
