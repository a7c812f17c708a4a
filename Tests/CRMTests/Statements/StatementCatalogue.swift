import Foundation
import JobQueue
import Postgres
import TestSupport

@testable import CRM

/// Every statement of `Sources/CRM` with values of a business that is there.
struct StatementCatalogue {
    let filled: FilledBusiness
    let tenant: Tenant.ID
    /// As it is now.
    let customer: Customer
    let ruleSegment: Segment
    /// The invitation that was answered, and one that was not.
    let invitations: [Invitation.ID]
    let settings: TenantSettings

    init(_ filled: FilledBusiness) async throws {
        self.filled = filled
        tenant = filled.business.context.tenantID
        settings = try await SettingsService(database: filled.business.database).find(filled.business.context)
        customer = try await filled.business.customers.find(filled.business.context, filled.customer.id)
        ruleSegment = try await filled.business.segments.find(filled.business.context, filled.ruleSegment.id)
        invitations = try await filled.business.campaigns.invitations(
            filled.business.context, of: filled.campaign.id, states: nil, PageRequest()
        ).items.sorted { $0.state == .responded && $1.state != .responded }.map(\.id)
    }

    var groups: [CatalogueGroup] {
        get throws {
            try tenants + access + members + signIn + audit + customers + merges + duplicates + orders + records
                + segments + plans
                + surveys
                + campaigns
                + ledger + respondents + scores
                + imports
        }
    }

    /// A list's first page and one behind a cursor, in every order and both directions.
    func pages<Item, Output>(
        _ effect: CatalogueEntry.Effect = .some, _ statement: (PageRequest<Item>) throws -> Statement<Output>
    ) throws -> [CatalogueEntry] {
        try Item.orders.flatMap { order in
            try [false, true].flatMap { isDescending in
                var page = try PageRequest<Item>(limit: 2, order: order.name, isDescending: isDescending)
                let first = CatalogueEntry(try statement(page), effect)
                let key: ListOrder<Item>.Key =
                    switch order.form {
                    case .time: .time(Date(timeIntervalSinceReferenceDate: isDescending ? 1e9 : 0))
                    case .text: .text(isDescending ? "zz" : "")
                    case .number: .number(isDescending ? 1000 : 0)
                    }
                page.after = .init(key: key, id: UUID())
                return [first, CatalogueEntry(try statement(page), effect)]
            }
        }
    }

    private var tenants: [CatalogueGroup] {
        get throws {
            let new = NewTenant(slug: "fresh", name: "Fresh", senderAddress: "survey@fresh.example")
            let id = Tenant.ID.make()
            var filter = TenantFilter()
            filter.slugs = ["one"]
            filter.states = [.active, .erasing]
            let all = try pages { TenantStatements.page(TenantFilter(), $0) }
            let some = try pages { TenantStatements.page(filter, $0) }
            return try platform + [
                CatalogueGroup(as: .platform, all + some),
                CatalogueGroup(
                    as: .platform,
                    [
                        CatalogueEntry(TenantStatements.insert(id, new)),
                        CatalogueEntry(TenantStatements.insertSettings(id, new)),
                        CatalogueEntry(TenantStatements.insertQueueShare(id)), CatalogueEntry(TenantStatements.list),
                        CatalogueEntry(TenantStatements.find(slug: "fresh")), CatalogueEntry(TenantStatements.find(id)),
                    ]),
                CatalogueGroup([
                    CatalogueEntry(TenantStatements.updateSettings(tenant, settings, SettingsChanges())),
                    CatalogueEntry(TenantStatements.rename(tenant, "Other")),
                    CatalogueEntry(TenantStatements.allowedOrigins, .nothing),
                    CatalogueEntry(TenantStatements.settings(tenant)),
                    CatalogueEntry(Statement<Void>.setTenant(tenant)),
                    CatalogueEntry(SchemaVersion.newest),
                ]),
            ]
        }
    }

    private var access: [CatalogueGroup] {
        get throws {
            let token = SecretToken.make(for: tenant)
            let existing = SecretToken(filled.secret.dropFirst(APIKey.marker.count)) ?? token
            let context = filled.business.context
            let request = IdempotentRequest(
                key: "l", operation: "create_customer", path: "/", body: [], object: UUID())
            return [
                CatalogueGroup(
                    request.map { request in
                        [
                            CatalogueEntry(request.begin(context, actor: filled.key.id.rawValue)),
                            CatalogueEntry(
                                IdempotentRequest.object(
                                    context, actor: filled.key.id.rawValue, request)),
                        ]
                    } ?? []),
                CatalogueGroup([
                    CatalogueEntry(
                        APIKeyStatements.insert(
                            tenant, .make(), NewKey(name: "K", scopes: [.customersRead], expiresAt: Date()),
                            token: token, prefix: "mhv_", by: .cli)),
                    CatalogueEntry(APIKeyStatements.find(tenant, filled.key.id)),
                    CatalogueEntry(APIKeyStatements.lock(tenant, filled.key.id)),
                    CatalogueEntry(APIKeyStatements.authenticate(existing)),
                    CatalogueEntry(APIKeyStatements.touch(tenant, filled.key.id)),
                    CatalogueEntry(
                        APIKeyStatements.rotate(
                            tenant, filled.key.id, token: .make(for: tenant), prefix: "mhv_", overlap: .seconds(60))),
                    CatalogueEntry(APIKeyStatements.revoke(tenant, filled.key.id)),
                    CatalogueEntry(
                        try Event.record(
                            "test.done", "key", UUID(), by: filled.business.context, data: ["a": .number(1)])),
                    CatalogueEntry(
                        try Event.record(
                            "test.done", "customer", UUID(), from: nil, to: customer, by: filled.business.context)),
                ]), CatalogueGroup(try pages { APIKeyStatements.list(tenant, $0) }),
            ]
        }
    }

    private var plans: [CatalogueGroup] {
        get throws {
            let id = Plan.ID.make()
            let segment = filled.manualSegment.id
            return [
                CatalogueGroup(
                    try pages { PlanStatements.list(tenant, segment: nil, $0) }
                        + pages { PlanStatements.list(tenant, segment: segment, $0) } + [
                            CatalogueEntry(PlanStatements.find(tenant, filled.plan.id)),
                            CatalogueEntry(PlanStatements.insert(tenant, id, segment: segment, name: "N")),
                            CatalogueEntry(try PlanStatements.insertRevision(tenant, id, 1, .sample)),
                            CatalogueEntry(PlanStatements.advance(tenant, filled.plan, name: "Renamed")),
                        ])
            ]
        }
    }

    private var surveys: [CatalogueGroup] {
        get throws {
            let survey = filled.survey
            return [
                CatalogueGroup(
                    try pages { SurveyStatements.list(tenant, $0) } + [
                        CatalogueEntry(SurveyStatements.find(tenant, survey.id)),
                        CatalogueEntry(SurveyStatements.lock(tenant, survey.id)),
                        CatalogueEntry(
                            try SurveyStatements.insert(tenant, .make(), name: "N", metric: .nps, survey.content)),
                        CatalogueEntry(try SurveyStatements.insertVersion(tenant, survey, 2)),
                        CatalogueEntry(SurveyStatements.setPublished(tenant, survey.id, 2)),
                        CatalogueEntry(
                            try SurveyStatements.updateContent(tenant, survey.id, name: "R", survey.content)),
                        CatalogueEntry(SurveyStatements.publishedContent(tenant, survey.id)),
                    ])
            ]
        }
    }

    private var campaigns: [CatalogueGroup] {
        get throws {
            let (draft, sent) = (filled.draft, filled.campaign)
            let new = NewCampaign(
                name: "N", kind: .transactional, surveyID: filled.survey.id, segmentID: filled.manualSegment.id,
                subject: draft.subject, message: draft.message)
            return [
                CatalogueGroup(
                    try pages { CampaignStatements.list(tenant, $0) } + [
                        CatalogueEntry(CampaignStatements.find(tenant, draft.id)),
                        CatalogueEntry(try CampaignStatements.insert(tenant, .make(), new)),
                        CatalogueEntry(CampaignStatements.tallies(tenant, [draft.id, sent.id])),
                        CatalogueEntry(CampaignStatements.launch(tenant, draft.id)),
                        CatalogueEntry(InvitationLetter.find(tenant, draft.id)),
                        CatalogueEntry(CampaignStatements.run(tenant, draft.id)),
                        CatalogueEntry(CampaignStatements.settleCancelled(tenant, draft.id), .nothing),
                        CatalogueEntry(CampaignStatements.finish(tenant, draft.id)),
                    ]),
                CatalogueGroup([
                    CatalogueEntry(Statement<Void>.analyse(["invitation"]))
                ]),
            ]
        }
    }

    private var ledger: [CatalogueGroup] {
        get throws {
            let (draft, sent, segment) = (filled.draft, filled.campaign.id, filled.manualSegment.id)
            let candidate = AudienceStatements.Candidate(
                customerID: filled.customer.id, language: "fa", address: "a@b.example", exclusion: nil)
            let ids = invitations
            let tokens = ids.map { ($0, SecretToken.make(for: tenant)) }
            func outcomes(_ state: Invitation.State) -> [InvitationStatements.Outcome] {
                ids.map { InvitationStatements.Outcome(id: $0, state: state, reason: state == .sent ? nil : "test") }
            }
            func again(_ expiry: SQL) -> CatalogueEntry {
                CatalogueEntry(
                    Statement<Int>(
                        "test.again",
                        """
                        UPDATE crm.invitation SET state = 'planned', reason = NULL, sending_at = NULL, sent_at = NULL,
                            expires_at = now() + \(expiry) WHERE tenant_id = \(tenant) AND campaign_id = \(sent)
                        """))
            }
            return [
                CatalogueGroup(
                    try pages { InvitationStatements.list(tenant, sent, states: nil, $0) }
                        + pages { InvitationStatements.list(tenant, sent, states: [.sent, .responded], $0) }),
                CatalogueGroup([
                    CatalogueEntry(AudienceStatements.preview(tenant, segment)),
                    CatalogueEntry(AudienceStatements.serialisePlanning(tenant)),
                    CatalogueEntry(AudienceStatements.candidates(tenant, segment, after: nil, limit: 10)),
                    CatalogueEntry(
                        AudienceStatements.candidates(
                            tenant, segment, after: Customer.ID(rawValue: filled.key.id.rawValue), limit: 10)),
                    CatalogueEntry(InvitationStatements.plan(tenant, draft, [candidate])),
                ]),
                CatalogueGroup([
                    again("interval '1 day'"),
                    CatalogueEntry(
                        InvitationStatements.pending(
                            tenant, sent, from: ids.min { $0.description < $1.description } ?? .make(), to: .make())),
                    CatalogueEntry(InvitationStatements.excludeLate(tenant, ids)),
                    CatalogueEntry(InvitationStatements.markSending(tenant, ids)),
                    CatalogueEntry(InvitationStatements.insertTokens(tenant, tokens)),
                    CatalogueEntry(InvitationStatements.deleteTokens(tenant, tokens.map(\.1))),
                    CatalogueEntry(InvitationStatements.record(tenant, outcomes(.bounced))),
                    CatalogueEntry(InvitationStatements.suppressBounced(tenant, ids)),
                    again("interval '-1 day'"), CatalogueEntry(InvitationStatements.failExpired(tenant, ids)),
                ]),
            ]
        }
    }
}
