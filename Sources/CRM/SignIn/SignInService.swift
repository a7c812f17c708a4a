import Foundation
import JobQueue
import Postgres

/// Signs members in and out, and lets them choose their passwords.
public struct SignInService: Sendable {
    /// What refresh tokens begin with, so that secret scanners find them.
    static let marker = "mhr_"

    let database: Database
    let hasher: PasswordHasher
    private let tokens: AccessTokens
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
    /// - Throws: ``ServiceError/unauthenticated(_:)``; ``ServiceError/lockedOut(for:)`` after five wrong passwords;
    ///   ``ServiceError/tenantSuspended(forErasure:)``, ``ServiceError/overloaded``.
    public func signIn(
        _ visitor: Visitor, tenant slug: String, email: String, password: String
    ) async throws -> SessionTokens {
        let found = try await database.deploymentWide(SessionStatements.tenant(named: slug))
        return try await hasher.withPlace(for: visitor.address) {
            guard let tenant = found else {
                try strangers.count(slug, email)
                _ = try await hasher.verify(password, nil)
                throw ServiceError.unauthenticated(.wrong)
            }
            let (candidate, wait) = try await admit(visitor, email, in: tenant)
            let isRight = try await hasher.verify(password, candidate?.hash)
            guard isRight, let known = candidate, let hash = known.hash else {
                try await noteFailure(visitor, email, of: candidate?.member.id, in: tenant, wait)
                throw ServiceError.unauthenticated(.wrong)
            }
            try known.tenantState.admit()
            let upgraded = hasher.isOutdated(hash) ? try await hasher.hash(password) : nil
            return try await begin(visitor, known.member, in: tenant, hash, upgraded, email)
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
                throw ServiceError.unauthenticated(.wrong)
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
    ///
    /// - Returns: also for how many seconds the address has to wait from now on.
    private func admit(
        _ visitor: Visitor, _ email: String, in tenant: Tenant.ID
    ) async throws -> (SessionStatements.Candidate?, wait: Double) {
        let (_, counted, candidate) = try await database.pipeline(
            visitor.context(of: nil, in: tenant, scopes: []), SessionStatements.sweepAttempts(tenant),
            SessionStatements.countAttempt(tenant, for: email), SessionStatements.candidate(tenant, email: email))
        guard let wait = counted else { throw try await lockOut(email, in: tenant) }
        return (candidate, wait)
    }

    func lockOut(_ subject: String, in tenant: Tenant.ID) async throws -> ServiceError {
        let wait = try await database.resolve(in: tenant, SessionStatements.wait(tenant, for: subject)) ?? 1
        return .lockedOut(for: .seconds(max(1, wait)))
    }

    /// Notes that a member's password was wrong, and that the address has to wait from now on. What is tried while it waits is not
    /// noted, so that nobody fills the log by guessing.
    ///
    /// Where there is no such member the count alone is written once more: how long it takes tells nobody who is one.
    private func noteFailure(
        _ visitor: Visitor, _ email: String, of member: Member.ID?, in tenant: Tenant.ID, _ wait: Double
    ) async throws {
        let context = visitor.context(of: nil, in: tenant, scopes: [])
        let again = SessionStatements.keepAttempt(tenant, for: email)
        guard let member else {
            _ = try await database.run(context, again)
            return
        }
        let failed = try Event.record(
            "member.sign_in_failed", Member.kind, member.rawValue, from: nil, to: SignInAttempt(email: email),
            by: context)
        if wait > 0 {
            _ = try await database.pipeline(
                context, again, failed, try Event.lockedOut(member, seconds: wait, by: context))
        } else {
            _ = try await database.pipeline(context, again, failed)
        }
    }

    /// The next pair of tokens of a session.
    ///
    /// - Throws: ``ServiceError/unauthenticated(_:)``, also for a token that was used before, whose session it ends;
    ///   ``ServiceError/tenantSuspended(forErasure:)``.
    public func refresh(_ visitor: Visitor, _ text: String) async throws -> SessionTokens {
        guard text.hasPrefix(Self.marker), let token = SecretToken(text.dropFirst(Self.marker.count)) else {
            throw ServiceError.unauthenticated(.invalid)
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
            try found.tenantState.admit()
            _ = try await transaction.pipeline(
                SessionStatements.rotate(tenant, found.session, to: next),
                SessionStatements.insertRefresh(tenant, next, of: found.session),
                SessionStatements.trimRefresh(tenant, of: found.session))
            return found
        }
        guard let found else { throw ServiceError.unauthenticated(.invalid) }
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
        try await database.lookUp(caller.tenant, MemberStatements.find(caller.tenant.tenantID, caller.memberID))
            .orNotFound(Member.kind)
    }
}

extension SignInService.Visitor {
    /// What is done in the member's name, or in that of somebody who followed a link.
    func context(of member: Member.ID?, in tenant: Tenant.ID, scopes: Set<Scope>) -> TenantContext {
        TenantContext(
            tenantID: tenant, actor: member.map { .member($0) } ?? .respondent, scopes: scopes, requestID: requestID,
            address: address)
    }
}
