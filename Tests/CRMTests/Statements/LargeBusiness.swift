import CRM
import Foundation
import Postgres
import TestSupport

/// Two tenants with some thousands of rows in the tables that hot statements read, so that plans are those of a deployment.
struct LargeBusiness: Sendable {
    let filled: FilledBusiness
    let server: TestDatabase

    init(in server: TestDatabase) async throws {
        self.server = server
        filled = try await FilledBusiness(in: server, slug: "one")
        let other = try await FilledBusiness(in: server, slug: "two")
        for business in [filled, other] { try await Self.enlarge(business, server) }
        try await server.execute("ANALYZE")
        for business in [filled, other] {
            try await server.run("SELECT crm.summarise(\(business.business.tenantID), 'IRR', NULL)")
        }
        try await server.execute("ANALYZE crm.customer_summary")
    }

    private static func enlarge(_ filled: FilledBusiness, _ server: TestDatabase) async throws {
        let (tenant, segment, campaign) = (filled.business.tenantID, filled.manualSegment.id, filled.campaign.id)
        let survey = filled.survey.id
        try await server.run(
            """
            INSERT INTO crm.customer (tenant_id, id, name, reference, stage, created_at)
            SELECT \(tenant), gen_random_uuid(), 'Customer ' || n, 'L' || n, (ARRAY['potential', 'actual'])[1 + n % 2],
                now() - n * interval '1 minute' FROM generate_series(1, 4000) AS n
            """)
        try await server.run(
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT c.tenant_id, gen_random_uuid(), c.id, 'email', c.reference || '@mail.example', true
            FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id)
            SELECT c.tenant_id, \(segment), c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.interaction (tenant_id, id, customer_id, kind, happened_at)
            SELECT c.tenant_id, gen_random_uuid(), c.id, 'call', now() - n * interval '1 hour'
            FROM crm.customer c CROSS JOIN generate_series(1, 2) AS n
            WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, actor_kind)
            SELECT c.tenant_id, gen_random_uuid(), c.id, 'potential', 'actual', 'cli'
            FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.consent_record (tenant_id, id, customer_id, channel, is_granted, source, actor_kind)
            SELECT c.tenant_id, gen_random_uuid(), c.id, 'email', true, 'import', 'cli'
            FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, ordered_on, amount, currency, channel, department_id,
                touchpoint_id)
            SELECT c.tenant_id, gen_random_uuid(), c.id, current_date - n, 5, 'IRR', CASE WHEN n = 1 THEN 'web' END,
                CASE WHEN c.reference LIKE 'L%77' THEN \(filled.department.id.rawValue)::uuid END,
                CASE WHEN c.reference LIKE 'L%33' THEN \(filled.touchpoint.id.rawValue)::uuid END
            FROM crm.customer c CROSS JOIN generate_series(1, 2) AS n
            WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.order_return (tenant_id, id, order_id, amount, returned_on)
            SELECT o.tenant_id, gen_random_uuid(), o.id, 1, o.ordered_on FROM crm.customer_order o
            WHERE o.tenant_id = \(tenant) AND o.currency = 'IRR' AND o.ordered_on = current_date - 1
            """)
        try await server.run(
            """
            UPDATE crm.customer_order o SET returned_amount = r.amount FROM crm.order_return r
            WHERE o.tenant_id = \(tenant) AND r.tenant_id = \(tenant) AND r.order_id = o.id AND o.currency = 'IRR'
            """)
        try await server.run(
            """
            INSERT INTO crm.customer_reference (tenant_id, customer_id, system, reference)
            SELECT c.tenant_id, c.id, 'till', c.reference
            FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.customer_tag (tenant_id, customer_id, tag)
            SELECT c.tenant_id, c.id, 'tag ' || right(c.reference, 2)
            FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source)
            SELECT c.tenant_id, c.id, 'email', true, 'import' FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.suppression (tenant_id, channel, address_key, reason)
            SELECT \(tenant), 'email', 'gone' || n || '@mail.example', 'bounce' FROM generate_series(1, 2000) AS n
            """)
        try await server.run(
            """
            INSERT INTO crm.invitation (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state,
                sending_at, sent_at, expires_at)
            SELECT c.tenant_id, gen_random_uuid(), g.id, 1, \(segment), c.id, 'fa', c.reference || '@mail.example',
                CASE WHEN g.state = 'draft' AND c.stage = 'actual' THEN 'planned' ELSE 'sent' END, now(), now(), now()
            FROM crm.customer c JOIN crm.campaign g ON g.tenant_id = c.tenant_id
            WHERE c.tenant_id = \(tenant) AND c.reference LIKE 'L%'
            """)
        try await server.run(
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id)
            SELECT i.tenant_id, sha256(i.id::text::bytea), 'invitation', i.id FROM crm.invitation i
            WHERE i.tenant_id = \(tenant)
            """)
        try await server.run(
            """
            INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version, metric,
                customer_id, language, submitted_at)
            SELECT i.tenant_id, gen_random_uuid(), i.id, i.campaign_id, i.segment_id, \(survey), 1, 'nps', i.customer_id, 'fa',
                now() - random() * interval '90 days'
            FROM crm.invitation i WHERE i.tenant_id = \(tenant) AND i.state = 'sent' AND i.address LIKE 'L%'
                AND (i.campaign_id = \(campaign) OR random() < 0.3)
            """)
        try await server.run(
            """
            INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score)
            SELECT r.tenant_id, r.id, 'score', 'nps', floor(random() * 11) FROM crm.response r
            WHERE r.tenant_id = \(tenant) ON CONFLICT DO NOTHING
            """)
        try await server.run(
            """
            INSERT INTO crm.api_key (tenant_id, id, name, hash, prefix, scopes)
            SELECT \(tenant), gen_random_uuid(), 'Key ' || n, sha256(n::text::bytea), 'mhv_', '{}' FROM generate_series(1, 1000) AS n
            """)
        try await Self.fillAccess(server, tenant)
        try await server.run(
            """
            INSERT INTO crm.duplicate (tenant_id, id, first_id, second_id, score, reasons, state)
            SELECT c.tenant_id, gen_random_uuid(), least(c.id, d.id), greatest(c.id, d.id), 50 + random() * 50, '{name}',
                (ARRAY['open', 'open', 'dismissed'])[1 + floor(random() * 3)::integer]
            FROM crm.customer c JOIN crm.customer d ON d.tenant_id = c.tenant_id AND c.reference LIKE 'L%' AND d.id <> c.id
                AND d.reference IN ('L1' || right(c.reference, 1), 'L2' || right(c.reference, 1))
            WHERE c.tenant_id = \(tenant) ON CONFLICT DO NOTHING
            """)
        try await server.run(
            """
            INSERT INTO crm.score_day (tenant_id, metric, day, scope, scope_key, sent, answers, promoters, passives, detractors,
                sum, sum_of_squares)
            SELECT \(tenant), metric, '2020-01-01'::date + n, scope, key, 1, 1, 1, 0, 0, 9, 81
            FROM generate_series(1, 700) AS n, unnest('{nps, csat}'::text[]) AS metric,
                (SELECT 'tenant', '' UNION ALL SELECT 'campaign', k::text FROM generate_series(1, 20) AS k) AS s (scope, key)
            """)
    }

    /// Members with sessions, their refresh tokens, and what they did.
    private static func fillAccess(_ server: TestDatabase, _ tenant: UUID) async throws {
        try await server.run(
            """
            INSERT INTO crm.member (tenant_id, id, name, email)
            SELECT \(tenant), gen_random_uuid(), 'Member ' || n, 'm' || n || '@team.example' FROM generate_series(1, 1000) AS n
            """)
        try await server.run(
            """
            INSERT INTO crm.session (tenant_id, id, member_id, token_hash, expires_at)
            SELECT m.tenant_id, gen_random_uuid(), m.id, sha256((m.id || '-' || n)::bytea), now() + interval '1 day'
            FROM crm.member m, generate_series(1, 3) AS n WHERE m.tenant_id = \(tenant)
            """)
        try await server.run(
            """
            INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
            SELECT s.tenant_id, s.token_hash, 'refresh', s.id, s.expires_at FROM crm.session s
            WHERE s.tenant_id = \(tenant) ON CONFLICT DO NOTHING
            """)
        try await server.run(
            """
            INSERT INTO crm.event (tenant_id, id, occurred_at, actor_kind, actor_id, action, object_kind, object_id)
            SELECT \(tenant), gen_random_uuid(), now() - n * interval '1 minute', 'member', m.id,
                (ARRAY['customer.created', 'customer.updated', 'plan.revised'])[1 + n % 3], 'customer', gen_random_uuid()
            FROM generate_series(1, 10) AS n, crm.member m WHERE m.tenant_id = \(tenant)
            """)
    }

    /// The plan of a statement as the application, within the tenant.
    ///
    /// - Parameter prelude: what is run before it in the same transaction.
    func plan(of sql: SQL, after prelude: [Statement<Void>] = []) async throws -> Plan {
        let pool = Pool(server.configuration(user: "mehvar_app", maximumConnections: 1))
        defer { pool.close() }
        let explain = Statement<[String]>("test.explain", "EXPLAIN (COSTS OFF) \(sql)", all: { try $0.next() })
        return Plan(
            lines: try await pool.pipeline(
                prelude: [
                    Statement(effect: "test.tenant", "SELECT crm.set_tenant(\(filled.business.context.tenantID))"),
                    Statement(effect: "test.scans", "SET LOCAL enable_seqscan = off"),
                ] + prelude, explain))
    }

    /// What EXPLAIN said.
    struct Plan: CustomStringConvertible {
        let lines: [String]
        var description: String { lines.joined(separator: "\n") }

        /// The conditions with which an index is entered, one text for each place where the plan uses it.
        func conditions(of index: String) -> [String] {
            lines.indices.compactMap { place in
                guard lines[place].contains("Index"), lines[place].contains(index) else { return nil }
                let depth = lines[place].prefix { $0 == " " }.count
                return lines[(place + 1)...].prefix { $0.prefix { $0 == " " }.count > depth }
                    .first { $0.contains("Index Cond:") } ?? ""
            }
        }

        /// The conditions with which any index is entered.
        var conditions: [String] { lines.filter { $0.contains("Index Cond:") } }

        /// Whether a table is read from end to end.
        var scansTable: Bool { lines.contains { $0.contains("Seq Scan on") } }

        /// Whether rows are put in the order of the column instead of read in it.
        func sorts(by column: String) -> Bool { lines.contains { $0.contains("Sort Key:") && $0.contains(column) } }
    }
}
