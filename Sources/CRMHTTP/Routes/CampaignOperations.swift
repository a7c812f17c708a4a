import CRM
import HTTPTypes

struct CampaignOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Campaigns", "The sending of surveys to segments, and how each invitation stands.")

    let campaigns: CampaignService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at("/v1/campaigns", "create_campaign", "Add a campaign", tag, .campaignsWrite, problems: [.nameTaken]),
                from: NewCampaign.self,
                { try await campaigns.create($0, id: $1, $2) }, replay: campaigns.find),
            .list(.at("/v1/campaigns", "list_campaigns", "List campaigns", tag, .campaignsRead)) { call, page in
                try await campaigns.list(call.caller, page)
            },
            .find(
                .at("/v1/campaigns/{id}", "find_campaign", "Show a campaign", tag, .campaignsRead), isLive: true,
                campaigns.find),
            .list(
                .at(
                    "/v1/campaigns/{id}/invitations", "list_invitations", "List a campaign's invitations", tag,
                    .campaignsRead), of: Campaign.self, by: OfState.self
            ) { call, filter, page in
                try await campaigns.invitations(call.caller, of: call.identifier(), states: filter.states, page)
            },
            .ask(
                .at(
                    "/v1/campaigns/{id}/preview", "preview_campaign", "Ask what launching a campaign now would do", tag,
                    .campaignsRead), of: Campaign.self, campaigns.preview),
            .act(
                .at(
                    "/v1/campaigns/{id}/launch", "launch_campaign", "Launch a campaign", tag, .campaignsWrite,
                    problems: [.alreadyLaunched]),
                status: .accepted, campaigns.launch, replay: campaigns.find),
        ]
    }
}

/// Invitations of some states, or of all.
private struct OfState: ListFilter {
    let states: [Invitation.State]?

    init(_ query: inout QueryReader) {
        states = query.filterChoices("state", "Only invitations in this state.")
    }
}
