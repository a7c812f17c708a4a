public import Foundation
import JobQueue
public import Postgres

enum InvitationStatements {
    /// Writes the ledger's rows; those that stand already stay as they are. Gives the ids that are to be sent.
    static func plan(
        _ tenant: Tenant.ID, _ campaign: Campaign, _ candidates: [AudienceStatements.Candidate]
    ) -> Statement<[Invitation.ID]> {
        Statement<[(Invitation.ID, Bool)]>(
            "invitation.plan",
            """
            INSERT INTO crm.invitation (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state,
                reason, expires_at)
            SELECT \(tenant), n.id, \(campaign.id), \(Int32(campaign.wave)), \(campaign.segmentID), n.customer_id, n.language,
                n.address, CASE WHEN n.reason IS NULL THEN 'planned' ELSE 'excluded' END, n.reason,
                now() + make_interval(days => \(Int32(campaign.expiresInDays)))
            FROM unnest(\(candidates.map { _ in UUID.v7() }), \(candidates.map(\.customerID)),
                \(candidates.map(\.language)), \(NullableArray(candidates.map(\.address))),
                \(NullableArray(candidates.map(\.exclusion))))
                AS n (id, customer_id, language, address, reason)
            ON CONFLICT (tenant_id, campaign_id, wave, recipient_id) DO NOTHING
            RETURNING id, state = 'planned'
            """, all: { row in (try row.next(), try row.next()) }
        ).map { rows in rows.filter(\.1).map(\.0) }
    }

    static func list(
        _ tenant: Tenant.ID, _ campaign: Campaign.ID, states: [Invitation.State]?, _ page: PageRequest<Invitation>
    ) -> Statement<[Invitation]> {
        let condition: SQL = states.map { "AND i.state = ANY (\($0.map(\.rawValue)))" } ?? ""
        return Statement(
            "invitation.list",
            """
            SELECT i.id, i.campaign_id, i.wave, i.customer_id, i.language, i.state, i.reason, i.planned_at, i.sent_at,
                i.opened_at, i.responded_at, i.expires_at
            FROM crm.invitation i WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(campaign) \(condition)
            \(page.clause(id: "i.id"))
            """, all: Invitation.init(row:))
    }

    /// An invitation that is still to be sent, or was being sent when somebody died.
    struct Pending: Sendable {
        let id: Invitation.ID
        let state: Invitation.State
        let language: String
        let address: String
        let recipientName: String
    }

    static func pending(
        _ tenant: Tenant.ID, _ campaign: Campaign.ID, from first: Invitation.ID, to last: Invitation.ID
    ) -> Statement<[Pending]> {
        Statement(
            "invitation.pending",
            """
            SELECT i.id, i.state, i.language, i.address, coalesce(c.name, m.name)
            FROM crm.invitation i
            LEFT JOIN crm.customer c ON c.tenant_id = i.tenant_id AND c.id = i.customer_id
            LEFT JOIN crm.member m ON m.tenant_id = i.tenant_id AND m.id = i.member_id
            WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(campaign) AND i.id BETWEEN \(first) AND \(last)
                AND i.state IN ('planned', 'sending')
            ORDER BY i.id
            """,
            all: { row in
                Pending(
                    id: try row.next(), state: try row.next(), language: try row.next(), address: try row.next(),
                    recipientName: try row.next())
            })
    }

    /// Takes out those whose address was suppressed, who declined, or who were deleted, since the plan was made.
    static func excludeLate(_ tenant: Tenant.ID, _ ids: [Invitation.ID]) -> Statement<Int> {
        Statement(
            "invitation.exclude_late",
            """
            UPDATE crm.invitation i SET state = 'excluded', reason = 'suppressed'
            WHERE i.tenant_id = \(tenant) AND i.id = ANY (\(ids)) AND i.state = 'planned' AND (
                EXISTS (SELECT FROM crm.suppression s WHERE s.tenant_id = \(tenant) AND s.channel = 'email'
                    AND s.address_key IN (crm.address_key('email', i.address),
                        crm.erased_key(crm.address_key('email', i.address))))
                OR EXISTS (SELECT FROM crm.consent n WHERE n.tenant_id = \(tenant) AND n.customer_id = i.customer_id
                    AND n.channel = 'email' AND NOT n.is_granted)
                OR EXISTS (SELECT FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = i.customer_id
                    AND c.deleted_at IS NOT NULL))
            """)
    }

    /// Marks what is going to be sent now. Only the ids that come back may be sent: of two senders one gets each.
    static func markSending(_ tenant: Tenant.ID, _ ids: [Invitation.ID]) -> Statement<[Invitation.ID]> {
        Statement(
            "invitation.mark_sending",
            """
            UPDATE crm.invitation SET state = 'sending', sending_at = now()
            WHERE tenant_id = \(tenant) AND id = ANY (\(ids)) AND state = 'planned' AND expires_at > now()
            RETURNING id
            """, all: { try $0.next() })
    }

    static func insertTokens(_ tenant: Tenant.ID, _ tokens: [(Invitation.ID, SecretToken)]) -> Statement<Int> {
        Statement(
            "token.insert",
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id)
            SELECT \(tenant), n.hash, 'invitation', n.subject_id
            FROM unnest(\(tokens.map(\.1.hash)), \(tokens.map(\.0))) AS n (hash, subject_id)
            ON CONFLICT DO NOTHING
            """)
    }

    static func deleteTokens(_ tenant: Tenant.ID, _ tokens: [SecretToken]) -> Statement<Int> {
        Statement(
            "token.delete", "DELETE FROM crm.token WHERE tenant_id = \(tenant) AND hash = ANY (\(tokens.map(\.hash)))")
    }

    /// What became of a sending.
    struct Outcome: Sendable {
        let id: Invitation.ID
        let state: Invitation.State
        let reason: String?
    }

    /// Records the outcomes and gives when each counts as sent. An answer may have come before its sending was recorded, and stays.
    /// Of two senders (one was presumed dead), what one knows to be out stays out whatever the other could not do: a row that was
    /// put back to `planned` meanwhile becomes `sent`, and what was named `unknown` is not planned anew.
    static func record(_ tenant: Tenant.ID, _ outcomes: [Outcome]) -> Statement<[Date?]> {
        Statement(
            "invitation.record",
            """
            UPDATE crm.invitation i SET state = CASE WHEN i.state = 'responded' THEN i.state ELSE n.state END,
                reason = n.reason, sent_at = CASE WHEN n.state = 'sent' THEN now() END,
                sending_at = CASE WHEN n.state <> 'planned' THEN coalesce(i.sending_at, now()) END
            FROM unnest(\(outcomes.map(\.id)), \(outcomes.map(\.state.rawValue)),
                \(NullableArray(outcomes.map(\.reason)))) AS n (id, state, reason)
            WHERE i.tenant_id = \(tenant) AND i.id = n.id AND i.sent_at IS NULL AND (i.state = 'sending'
                OR (i.state IN ('planned', 'unknown', 'responded') AND n.state <> 'planned'))
            RETURNING i.sent_at
            """, all: { try $0.nextIfPresent() })
    }

    /// Suppresses the addresses of invitations that the recipient's server refused for good.
    static func suppressBounced(_ tenant: Tenant.ID, _ ids: [Invitation.ID]) -> Statement<Int> {
        Statement(
            "suppression.insert_bounced",
            """
            INSERT INTO crm.suppression (tenant_id, channel, address_key, reason)
            SELECT i.tenant_id, 'email', crm.address_key('email', i.address), 'bounce' FROM crm.invitation i
            WHERE i.tenant_id = \(tenant) AND i.id = ANY (\(ids)) AND i.state = 'bounced'
            ON CONFLICT DO NOTHING
            """)
    }

    /// Ends invitations whose time is over before they could be sent.
    static func failExpired(_ tenant: Tenant.ID, _ ids: [Invitation.ID]) -> Statement<Int> {
        Statement(
            "invitation.fail_expired",
            """
            UPDATE crm.invitation SET state = 'failed', reason = 'expired'
            WHERE tenant_id = \(tenant) AND id = ANY (\(ids)) AND state = 'planned' AND expires_at <= now()
            """)
    }
}

extension Invitation.State: PostgresEncodable, PostgresDecodable {}

extension Invitation {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), campaignID: try row.next(), wave: try row.next(), customerID: try row.nextIfPresent(),
            language: try row.next(), state: try row.next(), reason: try row.nextIfPresent(), plannedAt: try row.next(),
            sentAt: try row.nextIfPresent(), openedAt: try row.nextIfPresent(), respondedAt: try row.nextIfPresent(),
            expiresAt: try row.next())
    }
}

extension Invitation: Listed {
    public static var orders: [ListOrder<Invitation>] {
        [.time("planned_at", "i.planned_at") { $0.plannedAt }]
    }

    public var listID: UUID { id.rawValue }
}
