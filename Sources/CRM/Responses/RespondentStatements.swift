import Foundation
import JobQueue
public import Postgres

/// What is done on behalf of somebody who holds an invitation's token.
enum RespondentStatements {
    static func resolve(_ token: SecretToken) -> Statement<ResolvedInvitation?> {
        Statement(
            "invitation.resolve",
            """
            SELECT i.id, i.campaign_id, i.segment_id, i.customer_id, i.member_id, i.language, i.expires_at, v.survey_id,
                v.version, v.metric, v.content, t.name, t.state, s.time_zone,
                CASE WHEN i.sent_at IS NULL THEN i.sending_at END, r.submitted_at, now()
            FROM crm.token k
            JOIN crm.invitation i ON i.tenant_id = k.tenant_id AND i.id = k.subject_id
            JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
            JOIN crm.survey_version v ON v.tenant_id = c.tenant_id AND v.survey_id = c.survey_id
                AND v.version = c.survey_version
            JOIN platform.tenant t ON t.id = k.tenant_id
            JOIN crm.tenant_setting s ON s.tenant_id = k.tenant_id
            LEFT JOIN crm.response r ON r.tenant_id = i.tenant_id AND r.invitation_id = i.id
            WHERE k.tenant_id = \(token.tenantID) AND k.hash = \(token.hash) AND k.purpose = 'invitation'
            """,
            optional: { row in
                ResolvedInvitation(
                    id: try row.next(), campaignID: try row.next(), segmentID: try row.next(),
                    customerID: try row.nextIfPresent(), memberID: try row.nextIfPresent(), language: try row.next(),
                    expiresAt: try row.next(), surveyID: try row.next(), surveyVersion: try row.next(),
                    metric: try row.next(), content: try row.next(JSONValue<SurveyContent>.self).value,
                    tenantName: try row.next(), tenantState: try row.next(),
                    timeZone: TimeZone(identifier: try row.next()) ?? .gmt, unrecordedSending: try row.nextIfPresent(),
                    submittedAt: try row.nextIfPresent(),
                    now: try row.next())
            })
    }

    static func answers(_ token: SecretToken) -> Statement<[Answer]> {
        Statement(
            "invitation.answers",
            """
            SELECT a.question_id, a.kind, a.score, a.comment
            FROM crm.token k
            JOIN crm.response r ON r.tenant_id = k.tenant_id AND r.invitation_id = k.subject_id
            JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id
            WHERE k.tenant_id = \(token.tenantID) AND k.hash = \(token.hash) ORDER BY a.question_id
            """,
            all: { row in
                Answer(
                    questionID: try row.next(), kind: try row.next(), score: try row.nextIfPresent(),
                    text: try row.nextIfPresent())
            })
    }

    static func markOpened(_ token: SecretToken) -> Statement<Int> {
        Statement(
            "invitation.mark_opened",
            """
            UPDATE crm.invitation i SET opened_at = now() FROM crm.token k
            WHERE k.tenant_id = \(token.tenantID) AND k.hash = \(token.hash) AND k.purpose = 'invitation'
                AND i.tenant_id = \(token.tenantID) AND i.id = k.subject_id AND i.opened_at IS NULL
            """)
    }

    /// Writes the response, or finds the one that stands, if it may still be changed. The row stays locked, so two answers at once
    /// come one after the other.
    static func upsert(
        _ tenant: Tenant.ID, _ invitation: ResolvedInvitation, language: String
    ) -> Statement<(id: Response.ID, submittedAt: Date, customer: Customer.ID?)?> {
        Statement(
            "response.upsert",
            """
            INSERT INTO crm.response AS r (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                metric, customer_id, member_id, language)
            SELECT \(tenant), \(UUID.v7()), i.id, i.campaign_id, i.segment_id, \(invitation.surveyID),
                \(Int32(invitation.surveyVersion)), \(invitation.metric), crm.survivor_of(\(tenant), i.customer_id), i.member_id,
                \(language)
            FROM (
                -- Whose it is now: the customer may just have been made one with another one.
                SELECT * FROM crm.invitation n WHERE n.tenant_id = \(tenant) AND n.id = \(invitation.id) FOR NO KEY UPDATE
            ) i
            ON CONFLICT (tenant_id, invitation_id) DO UPDATE SET language = excluded.language,
                updated_at = excluded.updated_at, version = r.version + 1
                WHERE r.submitted_at > now() - interval '24 hours'
            RETURNING r.id, r.submitted_at, r.customer_id
            """, optional: { row in (try row.next(), try row.next(), try row.nextIfPresent()) })
    }

    /// Who a customer is by now, whom nobody makes one with another one until the transaction ends.
    static func survivor(_ tenant: Tenant.ID, of customer: UUID) -> Statement<Customer.ID?> {
        Statement(
            "response.survivor",
            """
            SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = crm.survivor_of(\(tenant), \(customer)) FOR KEY SHARE
            """, optional: { try $0.next() })
    }

    static func deleteAnswers(_ tenant: Tenant.ID, _ response: Response.ID) -> Statement<Int> {
        Statement(
            "answer.delete_all",
            "DELETE FROM crm.answer WHERE tenant_id = \(tenant) AND response_id = \(response)")
    }

    static func insertAnswers(_ tenant: Tenant.ID, _ response: Response.ID, _ answers: [Answer]) -> Statement<Int> {
        Statement(
            "answer.insert",
            """
            INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score, comment)
            SELECT \(tenant), \(response), n.question_id, n.kind, n.score, n.comment
            FROM unnest(\(answers.map(\.questionID)), \(answers.map(\.kind.rawValue)),
                \(NullableArray(answers.map { $0.score.map(Int16.init) })), \(NullableArray(answers.map(\.text))))
                AS n (question_id, kind, score, comment)
            RETURNING question_id
            """)
    }

    static func markResponded(_ tenant: Tenant.ID, _ invitation: Invitation.ID) -> Statement<Int> {
        Statement(
            "invitation.mark_responded",
            """
            UPDATE crm.invitation SET state = 'responded', responded_at = coalesce(responded_at, now()),
                opened_at = coalesce(opened_at, now()), sent_at = coalesce(sent_at, sending_at, now())
            WHERE tenant_id = \(tenant) AND id = \(invitation)
            """)
    }

    static func suppressAddress(_ tenant: Tenant.ID, _ invitation: Invitation.ID) -> Statement<Int> {
        Statement(
            "suppression.insert_unsubscribed",
            """
            INSERT INTO crm.suppression (tenant_id, channel, address_key, reason)
            SELECT i.tenant_id, 'email', crm.address_key('email', i.address), 'unsubscribe' FROM crm.invitation i
            WHERE i.tenant_id = \(tenant) AND i.id = \(invitation) AND i.address IS NOT NULL
            ON CONFLICT DO NOTHING
            """)
    }
}

extension SurveyQuestion.Kind: PostgresEncodable, PostgresDecodable {}
