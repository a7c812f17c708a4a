extension Campaign: Resource {
    public static let kind = "campaign"
    public static let schemaName = "Campaign"
    public static let schemaDescription = "The sending of a survey's version to a segment."

    public static var example: Campaign {
        var campaign = Campaign(
            id: Example.id(), name: "Autumn", kind: .transactional, state: .running, surveyID: Example.id(2),
            surveyVersion: 1, segmentID: Example.id(3), touchpointID: Example.id(7),
            subject: LocalizedText(["en": "One question"]),
            message: LocalizedText(["en": "It takes a minute."]), expiresInDays: 30, wave: 1,
            launchedAt: Example.later, finishedAt: nil, version: 2, createdAt: Example.time, updatedAt: Example.later)
        campaign.ledger.counts.total = 120
        campaign.ledger.counts.sent = 100
        campaign.ledger.counts.responded = 41
        campaign.ledger.counts.excluded = 20
        campaign.ledger.excludedReasons = ["no_address": 20]
        return campaign
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The campaign's id.")
        json.member("name", name, "Its name, which no other campaign has.")
        json.member("kind", kind, "Periodic and about the whole, or after a touchpoint.")
        json.member("state", state, "How far it has come.")
        json.member("survey_id", surveyID, "The survey that it sends.")
        json.member("survey_version", surveyVersion, "The published version that it sends.")
        json.member("segment_id", segmentID, "Whom it asks.")
        json.member(
            "touchpoint_id", touchpointID, "After which touchpoint it asks; null for one that is about the whole.")
        json.member("subject", subject, "The mail's subject, by language.")
        json.member("message", message, "The mail's words, by language.")
        json.member("expires_in_days", expiresInDays, "Days until an invitation can no longer be answered.")
        json.member("wave", wave, "How often it has been sent.")
        json.member("launched_at", launchedAt, "When it was launched.")
        json.member("finished_at", finishedAt, "When every invitation had come to its end.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
        json.member("invitations", ledger.counts, "How many invitations of the present wave stand where.")
        json.member("excluded_reasons", ledger.excludedReasons, "How many are not invited, by the reason.")
    }
}

extension InvitationTally.Counts: JSONObject {
    public static let schemaName = "InvitationCounts"
    public static let schemaDescription = "How many invitations stand where."
    public static var example: InvitationTally.Counts { InvitationTally.Counts() }

    public func members(_ json: inout JSONWriter) {
        json.member("total", total, "All of the wave.")
        json.member("planned", planned, "Not sent yet.")
        json.member("sending", sending, "Being sent now.")
        json.member("sent", sent, "Sent, those that were answered included.")
        json.member("unknown", unknown, "Perhaps sent: the connection ended before the reply. Never sent again.")
        json.member("failed", failed, "Refused by the mail server.")
        json.member("bounced", bounced, "Came back.")
        json.member("excluded", excluded, "Not invited; the reasons are counted beside.")
        json.member("opened", opened, "Whose page was opened.")
        json.member("responded", responded, "Answered.")
    }
}

extension CampaignPreview: JSONObject {
    public static let schemaName = "CampaignPreview"
    public static let schemaDescription = "What launching a campaign now would do."
    public static var example: CampaignPreview {
        CampaignPreview(audience: 120, invited: 100, excluded: ["no_address": 20])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("audience", audience, "The customers of the segment.")
        json.member("invited", invited, "How many would be invited.")
        json.member("excluded", excluded, "How many would not, by the reason.")
    }
}
