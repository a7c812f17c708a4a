import Crypto
import Foundation
import JobQueue
import Postgres

/// How members come by their passwords.
extension SignInService {
    /// Chooses another password; every other session ends.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` for a wrong or a weak one; ``ServiceError/lockedOut(for:)``,
    ///   ``ServiceError/overloaded``; ``ServiceError/unauthenticated(_:)`` when the session has ended meanwhile.
    public func changePassword(_ caller: MemberContext, from current: String, to new: String) async throws {
        let (tenant, member) = (caller.tenant.tenantID, caller.memberID)
        let found = try await me(caller)
        try PasswordRules.check(new, "/new_password", name: found.name, email: found.email)
        guard !PasswordRules.areSame(current, new) else { throw PasswordRules.unchanged("/new_password") }
        // Apart from signing in: who keeps trying that from elsewhere does not keep the member from this.
        let subject = "password of \(member)"
        try await hasher.withPlace(for: caller.tenant.address) {
            let (counted, candidate) = try await database.pipeline(
                caller.tenant, SessionStatements.countAttempt(tenant, for: subject),
                SessionStatements.candidate(tenant, email: found.email))
            guard let wait = counted else { throw try await lockOut(subject, in: tenant) }
            guard try await hasher.verify(current, candidate?.hash), let old = candidate?.hash else {
                try await noteRefusal(caller, wait)
                throw ServiceError.invalid("/current_password", "wrong", "Is not the password.")
            }
            let hash = try await hasher.hash(new)
            try await database.withTenant(caller.tenant) { transaction in
                let (password, session) = try await transaction.pipeline(
                    MemberStatements.lockPassword(tenant, member, hash: old),
                    SessionStatements.lock(tenant, caller.sessionID))
                guard password != nil, session != nil else { throw ServiceError.unauthenticated(.invalid) }
                _ = try await transaction.pipeline(
                    MemberStatements.setPassword(tenant, member, hash: hash),
                    SessionStatements.forgetAttempts(tenant, for: subject),
                    SessionStatements.end(tenant, of: member, except: caller.sessionID),
                    MemberStatements.removeLinks(tenant, of: member), MemberStatements.notify(tenant),
                    try Event.record(
                        "member.password_changed", Member.kind, member.rawValue, by: caller.tenant,
                        secrets: ["password"]))
            }
        }
    }

    /// Notes that somebody with the member's session did not know the password; bounded as failures to sign in are.
    private func noteRefusal(_ caller: MemberContext, _ wait: Double) async throws {
        let refused = try Event.record(
            "member.password_refused", Member.kind, caller.memberID.rawValue, by: caller.tenant)
        if wait > 0 {
            _ = try await database.pipeline(
                caller.tenant, refused, try Event.lockedOut(caller.memberID, seconds: wait, by: caller.tenant))
        } else {
            _ = try await database.run(caller.tenant, refused)
        }
    }

    /// Has a link mailed by which the member chooses a new password. Whether there is such a member is not told: who is none gets a
    /// job as well, which finds nobody.
    public func requestReset(_ visitor: Visitor, tenant slug: String, email: String) async throws {
        guard let tenant = try await database.deploymentWide(SessionStatements.tenant(named: slug)) else { return }
        let member = try await database.resolve(in: tenant, MemberStatements.find(email: email, in: tenant))
        // Who was invited and has not come yet gets the invitation anew.
        let purpose: MemberLink = member.map { $0.joinedAt == nil } == true ? .invitation : .passwordReset
        let job = MailLink(memberID: member?.id ?? Self.nobody(email), purpose: purpose)
        _ = try await database.run(
            visitor.context(of: nil, in: tenant, scopes: []), try Enqueue.statement(tenant: tenant.rawValue, job: job))
    }

    /// The same for the same address, so that many requests wait as one job.
    private static func nobody(_ email: String) -> Member.ID {
        let digest = Array(SHA256.hash(data: Data(email.lowercased().utf8)))
        return digest.withUnsafeBytes { bytes in
            Member.ID(rawValue: UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)))
        }
    }

    /// The member that a link was sent to.
    ///
    /// - Throws: ``ServiceError/deadLink``, ``ServiceError/tenantSuspended(forErasure:)``.
    public func link(_ token: SecretToken) async throws -> LinkedMember {
        guard let found = try await database.resolve(in: token.tenantID, MemberStatements.link(token)) else {
            throw ServiceError.deadLink
        }
        try found.tenantState.admit()
        return found
    }

    /// Sets the password of the member that the link was sent to, uses the link up, and ends every session.
    ///
    /// - Throws: ``ServiceError/deadLink``, ``ServiceError/tenantSuspended(forErasure:)``, ``ServiceError/overloaded``;
    ///   ``ServiceError/invalid(_:)`` for a weak password or the one that the member has, which leaves the link.
    public func choosePassword(_ visitor: Visitor, _ token: SecretToken, _ password: String) async throws {
        let found = try await link(token)
        try PasswordRules.check(password, "/password", name: found.name, email: found.email)
        let (tenant, member) = (token.tenantID, found.id)
        let present = try await database.resolve(in: tenant, SessionStatements.candidate(tenant, email: found.email))
        let hash = try await hasher.withPlace(for: visitor.address) {
            if let old = present?.hash, try await hasher.verify(password, old) {
                throw PasswordRules.unchanged("/password")
            }
            return try await hasher.hash(password)
        }
        let context = visitor.context(of: member, in: tenant, scopes: [])
        try await database.withTenant(context) { transaction in
            guard try await transaction.run(MemberStatements.useLink(token)) == 1 else { throw ServiceError.deadLink }
            _ = try await transaction.pipeline(
                MemberStatements.setPassword(tenant, member, hash: hash), MemberStatements.join(tenant, member),
                MemberStatements.removeLinks(tenant, of: member),
                SessionStatements.forgetAttempts(tenant, for: found.email),
                SessionStatements.end(tenant, of: member), MemberStatements.notify(tenant),
                try Event.record(
                    found.purpose == .invitation ? "member.joined" : "member.password_reset", Member.kind,
                    member.rawValue, by: context, secrets: ["password"]))
        }
    }
}
