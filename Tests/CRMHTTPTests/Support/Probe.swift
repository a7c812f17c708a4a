import CRM
import Foundation
import HTTPTypes
import TestSupport

/// A request with something of another tenant in it.
struct Probe: Sendable {
    /// The route as the router describes it.
    let route: String
    /// The status that an unknown one gets, and so a stranger's.
    let status: Int
    /// What belongs to the other tenant.
    let stranger: String
    /// The same kind of thing, of nobody.
    let unknown: String
    let request: @Sendable (String) -> TestRequest

    var name: String { "\(route) \(stranger)" }

    /// - Parameter body: with `ID` where the stranger's id goes; so in the path.
    private init(
        _ method: HTTPRequest.Method, _ route: String, _ status: Int, _ stranger: String, _ unknown: String? = nil,
        path: String? = nil, body: String? = nil, type: String = "application/json"
    ) {
        self.route = "\(method) \(route)"
        self.status = status
        self.stranger = stranger
        self.unknown = unknown ?? UUID().uuidString.lowercased()
        let path = path ?? route.replacing("{id}", with: "ID").replacing("{token}", with: "ID")
        request = { id in
            TestRequest(method, path.replacing("ID", with: id), body?.replacing("ID", with: id), type: type)
        }
    }

    /// Every way that a route offers to name something, with the other tenant's.
    static func all(of other: FilledBusiness, by own: FilledBusiness) -> [Probe] {
        let form = "application/x-www-form-urlencoded"
        let (customer, rule, manual) = (id(other.customer.id), id(other.ruleSegment.id), id(other.manualSegment.id))
        let (plan, survey) = (id(other.plan.id), id(other.survey.id))
        let (campaign, draft) = (id(other.campaign.id), id(other.draft.id))
        // The own tenant's public id before the other's secret, and the other way round.
        let mixed = own.answered.text.prefix(26) + other.answered.text.suffix(26)
        let unknownToken = String(own.answered.text.prefix(26) + String(repeating: "0", count: 26))
        let words = "\"subject\": {\"en\": \"S\"}, \"message\": {\"en\": \"M\"}"
        return [
            Probe(.get, "/v1/customers/{id}", 404, customer),
            Probe(.patch, "/v1/customers/{id}", 404, customer, body: #"{"name": "Taken"}"#),
            Probe(.get, "/v1/customers", 200, "only-theirs", "nobodys", path: "/v1/customers?filter[reference]=ID"),
            Probe(.get, "/v1/customers", 200, "only-theirs", "nobodys", path: "/v1/customers?filter[reference][in]=ID"),
            Probe(
                .post, "/v1/orders/import", 422, "only-theirs", "nobodys",
                body: "customer_ref,ordered_on,amount\nID,2026-01-01,5\n", type: "text/csv"),

            Probe(.get, "/v1/segments/{id}", 404, rule),
            Probe(.get, "/v1/segments/{id}/members", 404, manual),
            Probe(
                .post, "/v1/segments/{id}/members", 404, manual, body: #"{"customer_ids": ["\#(id(own.customer.id))"]}"#
            ),
            Probe(
                .post, "/v1/segments/{id}/members", 422, customer,
                path: "/v1/segments/\(id(own.manualSegment.id))/members", body: #"{"customer_ids": ["ID"]}"#),
            Probe(.post, "/v1/segments/{id}/evaluate", 404, rule),

            Probe(
                .post, "/v1/plans", 422, manual, body: #"{"name": "P", "segment_id": "ID", "elements": \#(elements)}"#),
            Probe(.get, "/v1/plans", 200, manual, path: "/v1/plans?filter[segment_id]=ID"),
            Probe(.get, "/v1/plans/{id}", 404, plan),
            Probe(.patch, "/v1/plans/{id}", 404, plan, body: #"{"name": "Taken"}"#),

            Probe(.get, "/v1/surveys/{id}", 404, survey),
            Probe(.patch, "/v1/surveys/{id}", 404, survey, body: #"{"name": "Taken"}"#),
            Probe(.post, "/v1/surveys/{id}/publish", 404, survey),

            Probe(
                .post, "/v1/campaigns", 422, survey,
                body: #"{"name": "C", "survey_id": "ID", "segment_id": "\#(id(own.manualSegment.id))", \#(words)}"#),
            Probe(
                .post, "/v1/campaigns", 422, manual,
                body: #"{"name": "C", "survey_id": "\#(id(own.survey.id))", "segment_id": "ID", \#(words)}"#),
            Probe(.get, "/v1/campaigns/{id}", 404, campaign),
            Probe(.get, "/v1/campaigns/{id}/invitations", 404, campaign),
            Probe(.post, "/v1/campaigns/{id}/preview", 404, draft),
            Probe(.post, "/v1/campaigns/{id}/launch", 404, draft),

            Probe(.get, "/v1/responses", 200, campaign, path: "/v1/responses?filter[campaign_id]=ID"),
            Probe(.get, "/v1/scores", 200, manual, path: "/v1/scores?scope=segment&scope_key=ID"),
            Probe(.get, "/v1/scores", 200, campaign, path: "/v1/scores?scope=campaign&scope_key=ID"),

            Probe(.get, "/s/{token}", 404, String(mixed), unknownToken),
            Probe(.post, "/s/{token}", 404, String(mixed), unknownToken, body: "score=1", type: form),
            Probe(.get, "/u/{token}", 404, String(mixed), unknownToken),
            Probe(
                .post, "/u/{token}", 404, String(mixed), unknownToken, body: "List-Unsubscribe=One-Click", type: form),
        ]
    }

    /// Routes in whose path, query and body nothing of another tenant can be named.
    static let nameNothing: Set = [
        "GET /healthz", "GET /readyz", "POST /v1/customers", "POST /v1/customers/import", "POST /v1/segments",
        "GET /v1/segments", "POST /v1/surveys", "GET /v1/surveys", "GET /v1/campaigns",
    ]

    private static func id<Object>(_ id: Identifier<Object>) -> String { id.description }

    static let elements = """
        {"product": \(element), "price": \(element), "place": \(element), "promotion": \(element), "people": \(element),
        "process": \(element), "physical_evidence": \(element)}
        """
    private static let element = #"{"description": "D", "actions": ["A"]}"#
}
