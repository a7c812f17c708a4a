import Foundation
import JobQueue
public import Postgres

enum MemberStatements {
    private static let columns: SQL =
        "id, name, email, language, roles, joined_at, last_sign_in_at, version, created_at, updated_at"

    static func insert(_ tenant: Tenant.ID, _ id: Member.ID, _ new: NewMember) -> Statement<Member.ID> {
        Statement(
            "member.insert",
            """
            INSERT INTO crm.member (tenant_id, id, name, email, language, roles)
            SELECT \(tenant), \(id), \(new.name), \(new.email),
                coalesce(\(new.language), split_part(s.locale, '-', 1)), \(new.roles.map(\.rawValue))
            FROM crm.tenant_setting s WHERE s.tenant_id = \(tenant)
            RETURNING id
            """, one: { try $0.next() })
    }

    static func find(_ tenant: Tenant.ID, _ id: Member.ID) -> Statement<Member?> {
        Statement(
            "member.find",
            "SELECT \(columns) FROM crm.member WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL",
            optional: Member.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<Member>) -> Statement<[Member]> {
        Statement(
            "member.list",
            """
            SELECT \(columns) FROM crm.member WHERE tenant_id = \(tenant) AND deleted_at IS NULL
            \(page.clause(id: "id"))
            """, all: Member.init(row:))
    }

    /// The owners who have come, since who was merely invited may never; no two changes see them at once.
    static func lockOwners(_ tenant: Tenant.ID) -> Statement<[Member.ID]> {
        Statement(
            "member.lock_owners",
            """
            SELECT id FROM crm.member
            WHERE tenant_id = \(tenant) AND 'owner' = ANY (roles) AND deleted_at IS NULL AND joined_at IS NOT NULL
            ORDER BY id FOR UPDATE
            """, all: { try $0.next() })
    }

    static func joinedOwners(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "member.joined_owners",
            """
            SELECT count(*) FROM crm.member
            WHERE tenant_id = \(tenant) AND 'owner' = ANY (roles) AND deleted_at IS NULL AND joined_at IS NOT NULL
            """, one: { try $0.next() })
    }

    /// - Returns: 0 rows when the member has another version by now.
    static func update(_ tenant: Tenant.ID, _ old: Member, _ changes: MemberChanges) -> Statement<Int> {
        Statement(
            "member.update",
            """
            UPDATE crm.member SET name = \(changes.name ?? old.name), language = \(changes.language ?? old.language),
                roles = \((changes.roles ?? old.roles).map(\.rawValue)), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(Int32(old.version)) AND deleted_at IS NULL
            """)
    }

    static func remove(_ tenant: Tenant.ID, _ id: Member.ID) -> Statement<Int> {
        Statement(
            "member.remove",
            """
            UPDATE crm.member SET deleted_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL
            """)
    }

    static func removePassword(_ tenant: Tenant.ID, _ id: Member.ID) -> Statement<Int> {
        Statement(
            "member.remove_password",
            "DELETE FROM crm.member_password WHERE tenant_id = \(tenant) AND member_id = \(id)")
    }

    static func setPassword(_ tenant: Tenant.ID, _ id: Member.ID, hash: String) -> Statement<Int> {
        Statement(
            "member.set_password",
            """
            INSERT INTO crm.member_password (tenant_id, member_id, hash) VALUES (\(tenant), \(id), \(hash))
            ON CONFLICT (tenant_id, member_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
            """)
    }

    /// The member, if the password is still the one that was looked at; it stays until the transaction ends.
    static func lockPassword(_ tenant: Tenant.ID, _ id: Member.ID, hash: String) -> Statement<Member.ID?> {
        Statement(
            "member.lock_password",
            """
            SELECT member_id FROM crm.member_password
            WHERE tenant_id = \(tenant) AND member_id = \(id) AND hash = \(hash) FOR UPDATE
            """, optional: { try $0.next() })
    }

    static func join(_ tenant: Tenant.ID, _ id: Member.ID) -> Statement<Int> {
        Statement(
            "member.join",
            """
            UPDATE crm.member SET joined_at = coalesce(joined_at, now()), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL
            """)
    }

    static func find(email: String, in tenant: Tenant.ID) -> Statement<Member?> {
        Statement(
            "member.find_by_email",
            """
            SELECT \(columns) FROM crm.member
            WHERE tenant_id = \(tenant) AND email_key = crm.address_key('email', \(email)) AND deleted_at IS NULL
            """, optional: Member.init(row:))
    }

    /// Has caches of authentication forget what they know of the tenant, once the transaction commits.
    static func notify(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(effect: "access.notify", "SELECT pg_notify('mehvar_access', \(tenant.description))")
    }

    // MARK: Links in mails

    static func insertLink(_ tenant: Tenant.ID, _ token: SecretToken, _ purpose: MemberLink, to member: Member.ID)
        -> Statement<Int>
    {
        Statement(
            "member.insert_link",
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
            VALUES (\(tenant), \(token.hash), \(purpose), \(member), now() + make_interval(secs => \(purpose.lifetime / .seconds(1))))
            """)
    }

    /// How many were sent within the last hour.
    static func countRecentLinks(_ tenant: Tenant.ID, _ purpose: MemberLink, to member: Member.ID) -> Statement<Int> {
        Statement(
            "member.count_recent_links",
            """
            SELECT count(*) FROM crm.token WHERE tenant_id = \(tenant) AND subject_id = \(member)
                AND purpose = \(purpose) AND purpose <> 'invitation' AND created_at > now() - interval '1 hour'
            """, one: { try $0.next() })
    }

    /// Whose link it is, while it can be used.
    static func link(_ token: SecretToken) -> Statement<LinkedMember?> {
        Statement(
            "member.link",
            """
            SELECT t.purpose, m.id, m.name, m.email, m.language, n.name, n.slug, n.state
            FROM crm.token t
            JOIN crm.member m ON m.tenant_id = t.tenant_id AND m.id = t.subject_id AND m.deleted_at IS NULL
            JOIN platform.tenant n ON n.id = t.tenant_id
            WHERE t.tenant_id = \(token.tenantID) AND t.hash = \(token.hash) AND t.expires_at > now()
                AND t.purpose IN ('member_invitation', 'password_reset')
            """,
            optional: { row in
                LinkedMember(
                    purpose: try row.next(), id: try row.next(), name: try row.next(), email: try row.next(),
                    language: try row.next(), tenantName: try row.next(), tenantSlug: try row.next(),
                    tenantState: try row.next())
            })
    }

    /// Uses a link up; 0 rows when somebody else was faster.
    static func useLink(_ token: SecretToken) -> Statement<Int> {
        Statement(
            "member.use_link",
            "DELETE FROM crm.token WHERE tenant_id = \(token.tenantID) AND hash = \(token.hash) AND expires_at > now()")
    }

    /// Ends a member's links of a purpose; they go on counting as sent.
    static func endLinks(_ tenant: Tenant.ID, _ purpose: MemberLink, of member: Member.ID) -> Statement<Int> {
        Statement(
            "member.end_links",
            """
            UPDATE crm.token SET expires_at = now() WHERE tenant_id = \(tenant) AND subject_id = \(member)
                AND purpose = \(purpose) AND purpose <> 'invitation' AND expires_at > now()
            """)
    }

    /// Links of a member that nobody can use any more.
    static func removeEndedLinks(_ tenant: Tenant.ID, of member: Member.ID) -> Statement<Int> {
        Statement(
            "member.remove_ended_links",
            """
            DELETE FROM crm.token WHERE tenant_id = \(tenant) AND subject_id = \(member)
                AND purpose IN ('member_invitation', 'password_reset') AND expires_at < now() - interval '1 hour'
            """)
    }

    /// What is left of a member's links.
    static func removeLinks(_ tenant: Tenant.ID, of member: Member.ID) -> Statement<Int> {
        Statement(
            "member.remove_links",
            """
            DELETE FROM crm.token
            WHERE tenant_id = \(tenant) AND subject_id = \(member) AND purpose IN ('member_invitation', 'password_reset')
            """)
    }

    /// How letters to members are signed.
    static func letterhead(_ tenant: Tenant.ID) -> Statement<Letterhead> {
        Statement(
            "member.letterhead",
            """
            SELECT t.name, t.slug, s.sender_name, s.sender_address, s.reply_to FROM crm.tenant_setting s
            JOIN platform.tenant t ON t.id = s.tenant_id WHERE s.tenant_id = \(tenant)
            """,
            one: { row in
                Letterhead(
                    tenantName: try row.next(), tenantSlug: try row.next(), senderName: try row.next(),
                    senderAddress: try row.next(), replyTo: try row.nextIfPresent())
            })
    }

    struct Letterhead: Sendable {
        let tenantName: String
        let tenantSlug: String
        let senderName: String
        let senderAddress: String
        let replyTo: String?
    }
}

extension Member {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), email: try row.next(), language: try row.next(),
            roles: try row.next([String].self).compactMap(Role.init(rawValue:)), joinedAt: try row.nextIfPresent(),
            lastSignInAt: try row.nextIfPresent(), version: try row.next(), createdAt: try row.next(),
            updatedAt: try row.next())
    }
}

extension Member: Listed {
    public static var orders: [ListOrder<Member>] {
        [.time("created_at", "created_at") { $0.createdAt }, .text("name", "name") { $0.name }]
    }
}

extension MemberLink: PostgresEncodable, PostgresDecodable {}
