import Foundation

extension Invitation: JSONObject {
    public static let schemaName = "Invitation"
    public static let schemaDescription = "One recipient's place in one wave of a campaign."

    public static var example: Invitation {
        Invitation(
            id: Example.id(), campaignID: Example.id(2), wave: 1, customerID: Example.id(3), language: "fa",
            state: .responded, reason: nil, plannedAt: Example.time, sentAt: Example.time, openedAt: Example.later,
            respondedAt: Example.later, expiresAt: Example.later.addingTimeInterval(30 * 86_400))
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The invitation's id.")
        json.member("campaign_id", campaignID, "The campaign.")
        json.member("wave", wave, "The sending of the campaign that it belongs to.")
        json.member("customer_id", customerID, "Who is asked.")
        json.member("language", language, "The language of the mail and the pages.")
        json.member("state", state, "How far it has come.")
        json.member("reason", reason, "Why it is excluded, failed or bounced.")
        json.member("planned_at", plannedAt, "When it was planned.")
        json.member("sent_at", sentAt, "When the mail server took it.")
        json.member("opened_at", openedAt, "When its page was first opened.")
        json.member("responded_at", respondedAt, "When it was answered.")
        json.member("expires_at", expiresAt, "Until when it can be answered.")
    }
}
