import Foundation
import JobQueue
import Postgres

enum SessionStatements {
    // MARK: Signing in

    /// The tenant that has the slug; the state of nobody's is not told.
    static func tenant(named slug: String) -> Statement<Tenant.ID?> {
        Statement("session.tenant", "SELECT crm.tenant_named(\(slug))", one: { try $0.nextIfPresent() })
    }

    /// Addresses that are the same member's count together, however they are written.
    private static func key(_ subject: String) -> SQL {
        "sha256(convert_to(crm.address_key('email', \(subject)), 'UTF8'))"
    }

    /// Counts an attempt, before it is known whether the password is right, so that many at once are counted too. After five the
    /// address waits 15 seconds, after each further one twice as long, a quarter of an hour at most.
    ///
    /// - Returns: for how many seconds the address waits from now on; `nil` while it waits already.
    static func countAttempt(_ tenant: Tenant.ID, for subject: String) -> Statement<Double?> {
        Statement(
            "session.count_attempt",
            """
            INSERT INTO crm.sign_in_failure AS f (tenant_id, email_hash, failures, locked_until)
            VALUES (\(tenant), \(key(subject)), 1, now())
            ON CONFLICT (tenant_id, email_hash) DO UPDATE
            SET failures = CASE WHEN f.failed_at < excluded.failed_at - interval '1 day' THEN 1 ELSE f.failures + 1 END,
                locked_until = greatest(f.failed_at, excluded.failed_at)
                    + CASE WHEN f.failed_at < excluded.failed_at - interval '1 day' OR f.failures < 4 THEN interval '0'
                        ELSE make_interval(secs => least(900, 15 * power(2, least(f.failures - 4, 6)))) END,
                failed_at = greatest(f.failed_at, excluded.failed_at)
            -- Of two at once the one that began first may come second; only a time to wait keeps it out.
            WHERE f.locked_until <= greatest(f.failed_at, excluded.failed_at)
            RETURNING extract(epoch FROM f.locked_until - f.failed_at)::float8
            """, optional: { try $0.next() })
    }

    /// Writes the count as it is.
    static func keepAttempt(_ tenant: Tenant.ID, for subject: String) -> Statement<Int> {
        Statement(
            "session.keep_attempt",
            """
            UPDATE crm.sign_in_failure SET failures = failures
            WHERE tenant_id = \(tenant) AND email_hash = \(key(subject))
            """)
    }

    /// How long an address has to wait, in seconds.
    static func wait(_ tenant: Tenant.ID, for subject: String) -> Statement<Double?> {
        Statement(
            "session.wait",
            """
            SELECT extract(epoch FROM locked_until - now())::float8 FROM crm.sign_in_failure
            WHERE tenant_id = \(tenant) AND email_hash = \(key(subject))
            """, optional: { try $0.next() })
    }

    static func forgetAttempts(_ tenant: Tenant.ID, for subject: String) -> Statement<Int> {
        Statement(
            "session.forget_attempts",
            "DELETE FROM crm.sign_in_failure WHERE tenant_id = \(tenant) AND email_hash = \(key(subject))")
    }

    /// Takes a few old ones along, so that the table holds about a day of them.
    static func sweepAttempts(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "session.sweep_attempts",
            """
            DELETE FROM crm.sign_in_failure f WHERE f.tenant_id = \(tenant) AND f.email_hash IN (
                SELECT o.email_hash FROM crm.sign_in_failure o
                WHERE o.tenant_id = \(tenant) AND o.failed_at < now() - interval '1 day' AND o.locked_until < now()
                ORDER BY o.failed_at LIMIT 10)
            """)
    }

    struct Candidate: Sendable {
        let member: Member
        let hash: String?
        let tenantState: Tenant.State
    }

    static func candidate(_ tenant: Tenant.ID, email: String) -> Statement<Candidate?> {
        Statement(
            "session.candidate",
            """
            SELECT m.id, m.name, m.email, m.language, m.roles, m.joined_at, m.last_sign_in_at, m.version, m.created_at,
                m.updated_at, p.hash, t.state
            FROM crm.member m JOIN platform.tenant t ON t.id = m.tenant_id
            LEFT JOIN crm.member_password p ON p.tenant_id = m.tenant_id AND p.member_id = m.id
            WHERE m.tenant_id = \(tenant) AND m.email_key = crm.address_key('email', \(email)) AND m.deleted_at IS NULL
            """,
            optional: { row in
                Candidate(member: try Member(row: &row), hash: try row.nextIfPresent(), tenantState: try row.next())
            })
    }

    static func begin(
        _ tenant: Tenant.ID, _ id: Session.ID, of member: Member.ID, _ token: SecretToken, address: String?,
        userAgent: String?
    ) -> Statement<Int> {
        Statement(
            "session.begin",
            """
            INSERT INTO crm.session (tenant_id, id, member_id, token_hash, address, user_agent, expires_at)
            VALUES (\(tenant), \(id), \(member), \(token.hash), \(address)::text::inet, \(userAgent),
                now() + make_interval(secs => \(Session.lifetime / .seconds(1))))
            """)
    }

    static func insertRefresh(_ tenant: Tenant.ID, _ token: SecretToken, of session: Session.ID) -> Statement<
        Session.ID?
    > {
        Statement(
            "session.insert_refresh",
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
            SELECT \(tenant), \(token.hash), 'refresh', s.id, s.expires_at FROM crm.session s
            WHERE s.tenant_id = \(tenant) AND s.id = \(session)
            RETURNING subject_id
            """, optional: { try $0.next() })
    }

    static func noteSignIn(_ tenant: Tenant.ID, _ member: Member.ID) -> Statement<Int> {
        Statement(
            "session.note_sign_in",
            "UPDATE crm.member SET last_sign_in_at = now() WHERE tenant_id = \(tenant) AND id = \(member)")
    }

    /// What has ended of a member's sessions.
    static func sweep(_ tenant: Tenant.ID, of member: Member.ID) -> Statement<Int> {
        Statement(
            "session.sweep",
            """
            WITH ended AS (
                DELETE FROM crm.session WHERE tenant_id = \(tenant) AND member_id = \(member) AND expires_at < now()
                RETURNING id
            )
            DELETE FROM crm.token t USING ended e
            WHERE t.tenant_id = \(tenant) AND t.subject_id = e.id AND t.purpose = 'refresh'
            """)
    }

    // MARK: Refreshing

    struct Refreshable: Sendable {
        let session: Session.ID
        let member: Member
        /// Whether the token is the newest one, which was not used yet.
        let isNewest: Bool
        let tenantState: Tenant.State
    }

    /// The session that a refresh token is of; nobody else refreshes it meanwhile.
    static func lockRefreshable(_ token: SecretToken) -> Statement<Refreshable?> {
        Statement(
            "session.lock_refreshable",
            """
            SELECT s.id, s.token_hash = t.hash, n.state, m.id, m.name, m.email, m.language, m.roles, m.joined_at,
                m.last_sign_in_at, m.version, m.created_at, m.updated_at
            FROM crm.token t JOIN crm.session s ON s.tenant_id = t.tenant_id AND s.id = t.subject_id
            JOIN crm.member m ON m.tenant_id = s.tenant_id AND m.id = s.member_id AND m.deleted_at IS NULL
            JOIN platform.tenant n ON n.id = t.tenant_id
            WHERE t.tenant_id = \(token.tenantID) AND t.hash = \(token.hash) AND t.purpose = 'refresh'
                AND s.expires_at > now()
            FOR UPDATE OF s
            """,
            optional: { row in
                let (session, isNewest) = (try row.next(Session.ID.self), try row.next(Bool.self))
                let state = try row.next(Tenant.State.self)
                return Refreshable(
                    session: session, member: try Member(row: &row), isNewest: isNewest, tenantState: state)
            })
    }

    /// Forgets the oldest tokens of a session: copies of those that many refreshes ago are no longer told from made up ones.
    static func trimRefresh(_ tenant: Tenant.ID, of session: Session.ID) -> Statement<Int> {
        Statement(
            "session.trim_refresh",
            """
            DELETE FROM crm.token t WHERE t.tenant_id = \(tenant) AND t.hash IN (
                SELECT n.hash FROM (
                    SELECT o.hash, row_number() OVER (ORDER BY o.created_at DESC) AS place FROM crm.token o
                    WHERE o.tenant_id = \(tenant) AND o.subject_id = \(session) AND o.purpose = 'refresh') n
                WHERE n.place > 100)
            """)
    }

    /// Whether the session is there; it stays until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ session: Session.ID) -> Statement<Session.ID?> {
        Statement(
            "session.lock",
            "SELECT id FROM crm.session WHERE tenant_id = \(tenant) AND id = \(session) FOR UPDATE",
            optional: { try $0.next() })
    }

    static func rotate(_ tenant: Tenant.ID, _ session: Session.ID, to token: SecretToken) -> Statement<Int> {
        Statement(
            "session.rotate",
            """
            UPDATE crm.session SET token_hash = \(token.hash), refreshed_at = now()
            WHERE tenant_id = \(tenant) AND id = \(session)
            """)
    }

    // MARK: Being signed in

    struct Live: Sendable {
        let member: Member.ID
        let roles: [Role]
        let tenantState: Tenant.State
        let expiresAt: Date
        let terms: CallerTerms
    }

    static func live(_ tenant: Tenant.ID, _ session: Session.ID) -> Statement<Live?> {
        Statement(
            "session.live",
            """
            SELECT m.id, m.roles, t.state, s.expires_at, g.allowed_origins, g.requests_per_second,
                g.key_requests_per_second
            FROM crm.session s
            JOIN crm.member m ON m.tenant_id = s.tenant_id AND m.id = s.member_id AND m.deleted_at IS NULL
            JOIN platform.tenant t ON t.id = s.tenant_id
            JOIN crm.tenant_setting g ON g.tenant_id = s.tenant_id
            WHERE s.tenant_id = \(tenant) AND s.id = \(session) AND s.expires_at > now()
            """,
            optional: { row in
                Live(
                    member: try row.next(), roles: try row.next([String].self).compactMap(Role.init(rawValue:)),
                    tenantState: try row.next(), expiresAt: try row.next(), terms: try CallerTerms(row: &row))
            })
    }

    /// A member's sessions, newest first.
    static func list(_ tenant: Tenant.ID, of member: Member.ID) -> Statement<[Session]> {
        Statement(
            "session.list",
            """
            SELECT id, host(address), user_agent, created_at, refreshed_at, expires_at FROM crm.session
            WHERE tenant_id = \(tenant) AND member_id = \(member) AND expires_at > now()
            ORDER BY created_at DESC, id DESC LIMIT 100
            """,
            all: { row in
                Session(
                    id: try row.next(), address: try row.nextIfPresent(), userAgent: try row.nextIfPresent(),
                    createdAt: try row.next(), refreshedAt: try row.next(), expiresAt: try row.next())
            })
    }

    /// Ends sessions of a member with their refresh tokens.
    ///
    /// - Parameters:
    ///   - only: that one alone; `nil` for all.
    ///   - except: that one not.
    static func end(
        _ tenant: Tenant.ID, of member: Member.ID, only: Session.ID? = nil, except: Session.ID? = nil
    ) -> Statement<Int> {
        Statement(
            "session.end",
            """
            WITH ended AS (
                DELETE FROM crm.session
                WHERE tenant_id = \(tenant) AND member_id = \(member) AND coalesce(id = \(only), true)
                    AND id IS DISTINCT FROM \(except)
                RETURNING id
            )
            DELETE FROM crm.token t USING ended e
            WHERE t.tenant_id = \(tenant) AND t.subject_id = e.id AND t.purpose = 'refresh'
            """)
    }
}

extension CallerTerms {
    init(row: inout RowReader) throws {
        self.init(
            allowedOrigins: try row.next(), requestsPerSecond: try row.next(), keyRequestsPerSecond: try row.next())
    }
}
