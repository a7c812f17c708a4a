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

    /// Sends one mail with a new link. Sent twice, each of the two links works until one was used.
    ///
    /// - Parameter id: of the mail.
    /// - Throws: `MailError`.
    package func send(_ context: TenantContext, _ job: MailLink, id: UUID) async throws {
        let tenant = context.tenantID
        let token = SecretToken.make(for: tenant)
        let found = try await database.withTenant(context) { transaction in
            let (member, letterhead, recent) = try await transaction.pipeline(
                MemberStatements.find(tenant, job.memberID), MemberStatements.letterhead(tenant),
                MemberStatements.countRecentLinks(tenant, job.purpose, to: job.memberID))
            // Whoever asks without end for somebody else's mail fills nobody's mailbox.
            guard let member, recent < 5 else { return nil as (Member, MemberStatements.Letterhead)? }
            _ = try await transaction.run(MemberStatements.insertLink(tenant, token, job.purpose, to: job.memberID))
            return (member, letterhead)
        }
        guard let (member, letterhead) = found else { return }
        let letter = MemberLetter(
            member: LinkedMember(
                purpose: job.purpose, id: member.id, name: member.name, email: member.email,
                language: member.language, tenantName: letterhead.tenantName, tenantState: .active),
            letterhead: letterhead, url: "\(publicURL)/m/\(token.text)")
        do {
            _ = try await transport.send(try letter.mail(id))
        } catch let error as MailError where error.kind != .unknown {
            // Nobody has it, so nobody needs it.
            _ = try await database.run(context, MemberStatements.useLink(token))
            throw error
        }
    }
}
