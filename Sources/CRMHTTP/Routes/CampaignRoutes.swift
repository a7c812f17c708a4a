import CRM
import Hummingbird

struct CampaignRoutes {
    let campaigns: CampaignService

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.post("/campaigns") { request, context in
            let new = try await BodyReader.read(request) { reader in
                NewCampaign(
                    name: reader.requiredText("name"), kind: reader.choice("kind") ?? .relationship,
                    surveyID: reader.requiredIdentifier("survey_id"),
                    segmentID: reader.requiredIdentifier("segment_id"), subject: reader.requiredLocalized("subject"),
                    message: reader.requiredLocalized("message"), expiresInDays: reader.integer("expires_in_days") ?? 30
                )
            }
            let campaign = try await campaigns.create(context.tenant, new)
            return try Reply.created(campaign, version: campaign.version, at: "/v1/campaigns/\(campaign.id)")
        }
        group.get("/campaigns") { request, context in
            try Reply.page(try await campaigns.list(context.tenant, ListQuery(request).page))
        }
        group.get("/campaigns/:id") { _, context in
            let campaign = try await campaigns.find(context.tenant, context.identifier("campaign"))
            return try Reply.object(campaign, version: campaign.version)
        }
        group.get("/campaigns/:id/invitations") { request, context in
            let query = try ListQuery(request, filters: ["state"], sort: "planned_at")
            return try Reply.page(
                try await campaigns.invitations(
                    context.tenant, of: context.identifier("campaign"), states: query.choices("state"), query.page))
        }
        group.post("/campaigns/:id/preview") { _, context in
            try Reply.json(try await campaigns.preview(context.tenant, context.identifier("campaign")))
        }
        group.post("/campaigns/:id/launch") { _, context in
            let campaign = try await campaigns.launch(context.tenant, context.identifier("campaign"))
            return try Reply.object(campaign, version: campaign.version, status: .accepted)
        }
    }
}
