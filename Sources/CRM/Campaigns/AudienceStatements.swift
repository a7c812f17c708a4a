import Foundation
public import Postgres

/// Who of a segment would be invited now, and why each other one would not. Preview and plan ask the same question.
enum AudienceStatements {
    struct Candidate: Sendable {
        let customerID: Customer.ID
        let language: String
        let address: String?
        let exclusion: ExclusionReason?
    }

    private static func classified(_ tenant: Tenant.ID, _ segment: Segment.ID) -> SQL {
        """
        SELECT c.id, c.language, p.address, CASE
            WHEN p.address IS NULL THEN 'no_address'
            WHEN NOT coalesce(n.is_granted, NOT t.consent_required) THEN 'no_consent'
            WHEN EXISTS (SELECT FROM crm.suppression s WHERE s.tenant_id = c.tenant_id AND s.channel = 'email'
                AND s.address_key IN (p.address_key, crm.erased_key(p.address_key))) THEN 'suppressed'
            WHEN EXISTS (SELECT FROM crm.invitation i WHERE i.tenant_id = c.tenant_id AND i.recipient_id = c.id
                AND i.state <> 'excluded' AND i.state <> 'failed'
                AND coalesce(i.sending_at, now()) > now() - make_interval(days => t.quarantine_days)) THEN 'quarantine'
            END AS exclusion
        FROM crm.segment_member m
        JOIN crm.customer c ON c.tenant_id = m.tenant_id AND c.id = m.customer_id AND c.deleted_at IS NULL
        JOIN crm.tenant_setting t ON t.tenant_id = m.tenant_id
        LEFT JOIN LATERAL (SELECT a.address, a.address_key FROM crm.contact_point a
            WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id AND a.channel = 'email' AND a.deleted_at IS NULL
            ORDER BY a.is_primary DESC, a.id LIMIT 1) p ON true
        LEFT JOIN crm.consent n ON n.tenant_id = c.tenant_id AND n.customer_id = c.id AND n.channel = 'email'
        WHERE m.tenant_id = \(tenant) AND m.segment_id = \(segment)
        """
    }

    static func preview(_ tenant: Tenant.ID, _ segment: Segment.ID) -> Statement<[(reason: String?, count: Int)]> {
        Statement(
            "audience.preview",
            "SELECT exclusion, count(*) FROM (\(classified(tenant, segment))) AS audience GROUP BY exclusion",
            all: { row in (try row.nextIfPresent(), try row.next()) })
    }

    /// The next candidates behind `after`, by customer id.
    static func candidates(
        _ tenant: Tenant.ID, _ segment: Segment.ID, after: Customer.ID?, limit: Int
    ) -> Statement<[Candidate]> {
        // On both sides of the join, or each stretch would read the customers from the first one on.
        let start: SQL = after.map { "AND m.customer_id > \($0) AND c.id > \($0)" } ?? ""
        return Statement(
            "audience.candidates", "\(classified(tenant, segment)) \(start) ORDER BY m.customer_id LIMIT \(limit)",
            all: { row in
                Candidate(
                    customerID: try row.next(), language: try row.next(), address: try row.nextIfPresent(),
                    exclusion: try row.nextIfPresent())
            })
    }

    /// Makes plans of one tenant wait for each other, so that two campaigns cannot invite the same customer at once.
    static func serialisePlanning(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "audience.serialise", "SELECT 1 FROM crm.tenant_setting t WHERE t.tenant_id = \(tenant) FOR NO KEY UPDATE")
    }
}

extension ExclusionReason: PostgresEncodable, PostgresDecodable {}
