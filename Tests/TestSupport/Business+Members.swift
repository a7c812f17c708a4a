public import CRM
import Foundation
import Postgres

extension Business {
    public static let password = "correct horse battery"

    public var members: MemberService { MemberService(database: database) }

    /// Signing in at a cost that tests can bear; its tokens end with the process.
    public func access() async throws -> AccessControl { try await AccessControl(database: database, cost: .low) }

    public var visitor: SignInService.Visitor {
        SignInService.Visitor(requestID: "test", address: "192.0.2.1", userAgent: "test")
    }

    public func signInService(_ access: AccessControl) -> SignInService {
        SignInService(database: database, tokens: access.tokens, hasher: access.hasher)
    }

    @discardableResult
    public func signIn(
        email: String, password: String = Business.password, access: AccessControl? = nil
    ) async throws -> SessionTokens {
        let control: AccessControl
        if let access { control = access } else { control = try await self.access() }
        let slug = try await server.texts("SELECT slug FROM platform.tenant WHERE id = \(tenantID)")[0]
        return try await signInService(control).signIn(visitor, tenant: slug, email: email, password: password)
    }

    /// A member who was invited and chose a password.
    public func member(_ name: String, roles: [Role], access: AccessControl? = nil) async throws -> Member {
        let control: AccessControl
        if let access { control = access } else { control = try await self.access() }
        let email = "\(name.lowercased())@team.example"
        let member = try await members.invite(
            context, NewMember(name: name, email: email, language: "en", roles: roles))
        // As the job does, without the mail.
        let token = SecretToken.make(for: context.tenantID)
        try await server.run(
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
            VALUES (\(tenantID), \(token.hash), 'member_invitation', \(member.id), now() + interval '1 day')
            """)
        try await signInService(control).choosePassword(visitor, token, Self.password)
        return try await members.find(context, member.id)
    }

    /// A member and a session.
    public func signedIn(
        as roles: [Role], named name: String = "Mira", access: AccessControl? = nil
    ) async throws -> (Member, SessionTokens) {
        let member = try await member(name, roles: roles, access: access)
        return (member, try await signIn(email: member.email, access: access))
    }
}
