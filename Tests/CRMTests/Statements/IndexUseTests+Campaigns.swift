import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

extension IndexUseTests {
    func secrets(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        let key = try await large.plan(of: APIKeyStatements.authenticate(.make(for: tenant)).sql)
        expect(key, "api_key_hash_key", ["tenant_id = ", "hash = "])
        expect(key, "api_key_previous_hash_key", ["tenant_id = ", "previous_hash = "])
        let live = try await large.plan(of: SessionStatements.live(tenant, .make()).sql)
        expect(live, "session_pkey", ["tenant_id = ", "id = "])
        let refreshed = try await large.plan(of: SessionStatements.lockRefreshable(.make(for: tenant)).sql)
        expect(refreshed, "token_pkey", ["tenant_id = ", "hash = "])
        let candidate = try await large.plan(of: SessionStatements.candidate(tenant, email: "a@team.example").sql)
        expect(candidate, "member_email_key", ["tenant_id = ", "email_key = "])
        let log = try await large.plan(of: AuditStatements.list(tenant, AuditFilter(), PageRequest()).sql)
        expect(log, "event_occurred_idx", ["tenant_id = "])
        #expect(!log.sorts(by: "occurred_at"), "\(log)")
        var one = AuditFilter()
        one.objectID = filled.customer.id.rawValue
        one.objectKinds = ["customer"]
        let history = try await large.plan(of: AuditStatements.list(tenant, one, PageRequest()).sql)
        expect(history, "event_object_idx", ["tenant_id = ", "object_id = "])

        let link = try await large.plan(of: RespondentStatements.resolve(filled.unanswered).sql)
        expect(link, "token_pkey", ["tenant_id = ", "hash = "])
        expect(link, "invitation_pkey", ["tenant_id = ", "id = "])
        expect(link, "response_invitation_key", ["tenant_id = ", "invitation_id = "])
        let opened = try await large.plan(of: RespondentStatements.markOpened(filled.unanswered).sql)
        expect(opened, "token_pkey", ["tenant_id = ", "hash = "])
        expect(opened, "invitation_pkey", ["tenant_id = ", "id = "])
    }

    func campaigns(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        let ids = try await large.server.texts(
            """
            SELECT i.id::text FROM crm.invitation i WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(filled.draft.id)
                AND i.state = 'planned' ORDER BY i.id LIMIT 100
            """
        ).compactMap { Invitation.ID($0) }
        let (first, last) = (try #require(ids.first), try #require(ids.last))
        let pending = try await large.plan(
            of: InvitationStatements.pending(tenant, filled.draft.id, from: first, to: last).sql)
        expect(pending, "invitation_open_idx", ["tenant_id = ", "campaign_id = ", "id >= ", "id <= "])
        let marked = try await large.plan(of: InvitationStatements.markSending(tenant, Array(ids.prefix(20))).sql)
        expect(marked, "invitation_pkey", ["tenant_id = ", "id = ANY"])

        let candidates = try await large.plan(
            of: AudienceStatements.candidates(tenant, filled.manualSegment.id, after: filled.customer.id, limit: 100)
                .sql)
        expect(candidates, "segment_member_pkey", ["tenant_id = ", "segment_id = ", "customer_id > "])
        // By the primary key, or by the smaller index of those who are there.
        expect(candidates, "customer_", ["tenant_id = ", "(id "])
        expect(candidates, "contact_point_", ["tenant_id = ", "customer_id = "])
        expect(candidates, "invitation_quarantine_idx", ["tenant_id = ", "recipient_id = "])
        // All of the tenant's at once into a hash, or one by one.
        expect(candidates, "suppression_pkey", ["tenant_id = ", "channel = "])
    }

    func answers(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        var page = try PageRequest<Response>(isDescending: true)
        page.after = .init(key: .time(Date(timeIntervalSinceNow: -3600 * 24 * 30)), id: UUID())
        let all = try await large.plan(
            of: ResponseStatements.list(tenant, campaign: nil, onlyWithComment: false, page).sql)
        expect(all, "response_submitted_idx", ["tenant_id = ", "ROW(submitted_at, id)"])
        expect(all, "answer_pkey", ["tenant_id = ", "response_id = "])
        #expect(!all.sorts(by: "submitted_at"), "\(all)")
        let some = try await large.plan(
            of: ResponseStatements.list(tenant, campaign: filled.draft.id, onlyWithComment: false, page).sql)
        expect(some, "response_campaign_idx", ["tenant_id = ", "campaign_id = "])
        #expect(!some.sorts(by: "submitted_at"), "\(some)")

        let tallies = try await large.plan(
            of: ScoreStatements.tallies(tenant, .nps, .tenant, key: nil, from: nil, to: nil).sql)
        expect(tallies, "score_day_pkey", ["tenant_id = ", "metric = ", "scope = "])
    }
}
