import CRM

extension NewCampaign: JSONBody {
    static let schemaName = "NewCampaign"
    static let schemaDescription = "The values of a new campaign, which sends the survey's newest published version."
    static let example = """
        {"name": "Autumn", "kind": "transactional", "survey_id": "019aab50-c4c0-7000-8000-000000000002",
         "segment_id": "019aab50-c4c0-7000-8000-000000000003",
         "touchpoint_id": "019aab50-c4c0-7000-8000-000000000007",
         "subject": {"en": "One question", "fa": "یک پرسش"}, "message": {"en": "It takes a minute.", "fa": "یک دقیقه بیشتر نیست."}}
        """

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other campaign has."),
            kind: reader.choice("kind", "Periodic and about the whole, or after a touchpoint; relationship by default.")
                ?? .relationship,
            surveyID: reader.requiredIdentifier("survey_id", "A survey that is published."),
            segmentID: reader.requiredIdentifier("segment_id", "Whom it asks."),
            touchpointID: reader.identifier("touchpoint_id", "Of a transactional one: after which touchpoint it asks."),
            subject: reader.requiredLocalized(
                "subject", Self.longestSubject, "The mail's subject, one line by language."),
            message: reader.requiredLocalized("message", Self.longestMessage, "The mail's words, by language."),
            expiresInDays: reader.integer(
                "expires_in_days", in: Self.expiry, "Days until an invitation can no longer be answered; 30 by default."
            ) ?? 30)
    }
}
