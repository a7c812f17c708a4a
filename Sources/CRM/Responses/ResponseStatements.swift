public import Foundation
import Postgres

enum ResponseStatements {
    /// Newest or oldest first; the answers come as one JSON array beside each response.
    static func list(
        _ tenant: Tenant.ID, campaign: Campaign.ID?, onlyWithComment: Bool, _ page: PageRequest<Response>
    ) -> Statement<[Response]> {
        let ofCampaign: SQL = campaign.map { "AND r.campaign_id = \($0)" } ?? ""
        let commented: SQL =
            onlyWithComment
            ? """
            AND EXISTS (SELECT FROM crm.answer k WHERE k.tenant_id = r.tenant_id AND k.response_id = r.id
                AND k.comment IS NOT NULL)
            """ : ""
        return Statement(
            "response.list",
            """
            SELECT r.id, r.campaign_id, r.survey_id, r.survey_version, r.metric, r.customer_id, r.language, r.submitted_at,
                r.updated_at, (SELECT coalesce(json_agg(json_build_object('questionId', a.question_id, 'kind', a.kind,
                    'score', a.score, 'text', a.comment) ORDER BY a.question_id), '[]')
                FROM crm.answer a WHERE a.tenant_id = r.tenant_id AND a.response_id = r.id)
            FROM crm.response r WHERE r.tenant_id = \(tenant) \(ofCampaign) \(commented)
            \(page.clause(id: "r.id"))
            """, all: Response.init(row:))
    }
}

extension Response {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), campaignID: try row.next(), surveyID: try row.next(), surveyVersion: try row.next(),
            metric: try row.next(), customerID: try row.nextIfPresent(), language: try row.next(),
            submittedAt: try row.next(), updatedAt: try row.next(),
            answers: try row.next(JSONValue<[Answer]>.self).value)
    }
}

extension Response: Listed {
    public static var orders: [ListOrder<Response>] {
        [.time("submitted_at", "r.submitted_at") { $0.submittedAt }]
    }

    public static var isNewestFirst: Bool { true }
    public var listID: UUID { id.rawValue }
}
