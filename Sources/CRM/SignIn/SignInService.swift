import Crypto
import Foundation
import JobQueue
import Postgres

/// Signs members in and out, and lets them choose their passwords.
public struct SignInService: Sendable {
    /// What refresh tokens begin with, so that secret scanners find them.
    static let marker = "mhr_"

    private let database: Database
    private let tokens: AccessTokens
    private let hasher: PasswordHasher
    private let strangers = StrangerAttempts()

    public init(database: Database, tokens: AccessTokens, hasher: PasswordHasher) {
        self.database = database
        self.tokens = tokens
        self.hasher = hasher
    }

    /// Who asks, before that is known to be a member.
    public struct Visitor: Sendable {
        public let requestID: String
        public let address: String?
        public let userAgent: String?

        public init(requestID: String, address: String?, userAgent: String?) {
            self.requestID = requestID
            self.address = address
            self.userAgent = userAgent.map { String($0.unicodeScalars.prefix(300)) }
        }
    }

    /// Begins a session.
    ///
    /// A business, an address or a password that is wrong is answered the same, after the same time.
    ///
    /// - Throws: ``ServiceError/unauthenticated``; ``ServiceError/lockedOut(for:)`` after five wrong passwords;
    ///   ``ServiceError/tenantSuspended``, ``ServiceError/overloaded``.
    public func signIn(
        _ visitor: Visitor, tenant slug: String, email: String, password: String
    ) async throws -> SessionTokens {
        let found = try await database.deploymentWide(SessionStatements.tenant(named: slug))
        return try await hasher.withPlace(for: visitor.address) {
            guard let tenant = found else {
                try strangers.count(slug, email)
                _ = try await hasher.verify(password, nil)
                throw ServiceError.unauthenticated
            }
            let candidate = try await admit(visitor, email, in: tenant)
            guard try await hasher.verify(password, candidate?.hash), let candidate, let hash = candidate.hash else {
                throw ServiceError.unauthenticated
            }
            guard candidate.tenantState == .active else { throw ServiceError.tenantSuspended }
            let upgraded = hasher.isOutdated(hash) ? try await hasher.hash(password) : nil
            return try await begin(visitor, candidate.member, in: tenant, hash, upgraded, email)
        }
    }

    /// - Parameters:
    ///   - hash: of the password that was looked at. It may be another one by now, and then it opens nothing.
    ///   - upgraded: the same password's at what hashes cost now.
    private func begin(
        _ visitor: Visitor, _ member: Member, in tenant: Tenant.ID, _ hash: String, _ upgraded: String?,
        _ email: String
    ) async throws -> SessionTokens {
        let session = Session.ID.make()
        let token = SecretToken.make(for: tenant)
        let context = visitor.context(of: member.id, in: tenant, scopes: member.scopes)
        try await database.withTenant(context) { transaction in
            guard try await transaction.run(MemberStatements.lockPassword(tenant, member.id, hash: hash)) != nil else {
                throw ServiceError.unauthenticated
            }
            _ = try await transaction.pipeline(
                SessionStatements.forgetAttempts(tenant, for: email), SessionStatements.sweep(tenant, of: member.id),
                SessionStatements.begin(
                    tenant, session, of: member.id, token, address: visitor.address, userAgent: visitor.userAgent),
                SessionStatements.insertRefresh(tenant, token, of: session),
                SessionStatements.noteSignIn(tenant, member.id),
                try Event.record("member.signed_in", Member.kind, member.id.rawValue, by: context))
            if let upgraded {
                _ = try await transaction.run(MemberStatements.setPassword(tenant, member.id, hash: upgraded))
            }
        }
        return try await answer(session, member, tenant, token)
    }

    /// Counts the attempt and looks for the member; `nil` when there is none.
    private func admit(
        _ visitor: Visitor, _ email: String, in tenant: Tenant.ID
    ) async throws -> SessionStatements.Candidate? {
        let (_, counted, candidate) = try await database.pipeline(
            visitor.context(of: nil, in: tenant, scopes: []), SessionStatements.sweepAttempts(tenant),
            SessionStatements.countAttempt(tenant, for: email), SessionStatements.candidate(tenant, email: email))
        if counted == 0 { throw try await lockOut(email, in: tenant) }
        return candidate
    }

    private func lockOut(_ subject: String, in tenant: Tenant.ID) async throws -> ServiceError {
        let wait = try await database.resolve(in: tenant, SessionStatements.wait(tenant, for: subject)) ?? 1
        return .lockedOut(for: .seconds(max(1, wait)))
    }

    /// The next pair of tokens of a session.
    ///
    /// - Throws: ``ServiceError/unauthenticated``, also for a token that was used before, whose session it ends;
    ///   ``ServiceError/tenantSuspended``.
    public func refresh(_ visitor: Visitor, _ text: String) async throws -> SessionTokens {
        guard text.hasPrefix(Self.marker), let token = SecretToken(text.dropFirst(Self.marker.count)) else {
            throw ServiceError.unauthenticated
        }
        let tenant = token.tenantID
        let next = SecretToken.make(for: tenant)
        let context = visitor.context(of: nil, in: tenant, scopes: [])
        let found = try await database.withTenant(context) { transaction -> SessionStatements.Refreshable? in
            guard let found = try await transaction.run(SessionStatements.lockRefreshable(token)) else { return nil }
            guard found.isNewest else {
                let member = found.member.id
                let context = visitor.context(of: member, in: tenant, scopes: [])
                _ = try await transaction.pipeline(
                    SessionStatements.end(tenant, of: member, only: found.session), MemberStatements.notify(tenant),
                    try Event.record("session.stolen", Member.kind, member.rawValue, by: context))
                return nil
            }
            guard found.tenantState == .active else { throw ServiceError.tenantSuspended }
            _ = try await transaction.pipeline(
                SessionStatements.rotate(tenant, found.session, to: next),
                SessionStatements.insertRefresh(tenant, next, of: found.session),
                SessionStatements.trimRefresh(tenant, of: found.session))
            return found
        }
        guard let found else { throw ServiceError.unauthenticated }
        return try await answer(found.session, found.member, tenant, next)
    }

    private func answer(
        _ session: Session.ID, _ member: Member, _ tenant: Tenant.ID, _ token: SecretToken
    ) async throws -> SessionTokens {
        SessionTokens(
            accessToken: try await tokens.issue(session, of: member.id, in: tenant, at: Date()),
            refreshToken: Self.marker + token.text, lifetime: Int(AccessTokens.lifetime / .seconds(1)), member: member)
    }

    /// Ends the session, or all of the member's.
    public func signOut(_ caller: MemberContext, everywhere: Bool) async throws {
        let tenant = caller.tenant.tenantID
        _ = try await database.pipeline(
            caller.tenant,
            SessionStatements.end(tenant, of: caller.memberID, only: everywhere ? nil : caller.sessionID),
            MemberStatements.notify(tenant),
            try Event.record(
                "member.signed_out", Member.kind, caller.memberID.rawValue, by: caller.tenant,
                data: ["everywhere": .bool(everywhere)]))
    }

    /// The member's sessions, newest first.
    public func sessions(_ caller: MemberContext) async throws -> [Session] {
        try await database.run(caller.tenant, SessionStatements.list(caller.tenant.tenantID, of: caller.memberID))
    }

    public func me(_ caller: MemberContext) async throws -> Member {
        try await database.run(caller.tenant, MemberStatements.find(caller.tenant.tenantID, caller.memberID))
            .orNotFound(Member.kind)
    }

    // MARK: Passwords

    /// Chooses another password; every other session ends.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` for a wrong or a weak one; ``ServiceError/lockedOut(for:)``,
    ///   ``ServiceError/overloaded``; ``ServiceError/unauthenticated`` when the session has ended meanwhile.
    public func changePassword(_ caller: MemberContext, from current: String, to new: String) async throws {
        let (tenant, member) = (caller.tenant.tenantID, caller.memberID)
        try Self.check(new, "/new_password")
        // Apart from signing in: who keeps trying that from elsewhere does not keep the member from this.
        let subject = "password of \(member)"
        let found = try await me(caller)
        try await hasher.withPlace(for: caller.tenant.address) {
            let (counted, candidate) = try await database.pipeline(
                caller.tenant, SessionStatements.countAttempt(tenant, for: subject),
                SessionStatements.candidate(tenant, email: found.email))
            if counted == 0 { throw try await lockOut(subject, in: tenant) }
            guard try await hasher.verify(current, candidate?.hash), let old = candidate?.hash else {
                throw ServiceError.invalid("/current_password", "wrong", "Is not the password.")
            }
            let hash = try await hasher.hash(new)
            try await database.withTenant(caller.tenant) { transaction in
                let (password, session) = try await transaction.pipeline(
                    MemberStatements.lockPassword(tenant, member, hash: old),
                    SessionStatements.lock(tenant, caller.sessionID))
                guard password != nil, session != nil else { throw ServiceError.unauthenticated }
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
    /// - Throws: ``ServiceError/deadLink``, ``ServiceError/tenantSuspended``.
    public func link(_ token: SecretToken) async throws -> LinkedMember {
        guard let found = try await database.resolve(in: token.tenantID, MemberStatements.link(token)) else {
            throw ServiceError.deadLink
        }
        guard found.tenantState == .active else { throw ServiceError.tenantSuspended }
        return found
    }

    /// Sets the password of the member that the link was sent to, uses the link up, and ends every session.
    ///
    /// - Throws: ``ServiceError/deadLink``, ``ServiceError/tenantSuspended``, ``ServiceError/overloaded``;
    ///   ``ServiceError/invalid(_:)`` for a weak password, which leaves the link.
    public func choosePassword(_ visitor: Visitor, _ token: SecretToken, _ password: String) async throws {
        try Self.check(password, "/password")
        let found = try await link(token)
        let hash = try await hasher.withPlace(for: visitor.address) { try await hasher.hash(password) }
        let (tenant, member) = (token.tenantID, found.id)
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

    private static func check(_ password: String, _ pointer: String) throws {
        var errors: [FieldError] = []
        MemberRules.password.check(password, pointer, into: &errors)
        try ServiceError.refuse(errors)
    }
}

extension SignInService.Visitor {
    /// What is done in the member's name, or in that of somebody who followed a link.
    fileprivate func context(of member: Member.ID?, in tenant: Tenant.ID, scopes: Set<Scope>) -> TenantContext {
        TenantContext(
            tenantID: tenant, actor: member.map { .member($0) } ?? .respondent, scopes: scopes, requestID: requestID,
            address: address)
    }
}
