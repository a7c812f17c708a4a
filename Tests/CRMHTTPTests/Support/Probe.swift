import CRM
import Foundation
import HTTPTypes
import TestSupport

@testable import CRMHTTP

/// A request with something of another tenant in it.
struct Probe: Sendable {
    /// The operation's method and path.
    let operation: String
    /// Where the thing stands in the request.
    let place: String
    /// The status that an unknown one gets, and so a stranger's.
    let status: Int
    /// What belongs to the other tenant.
    let stranger: String
    /// The same kind of thing, of nobody.
    let unknown: String
    let request: @Sendable (String) -> TestRequest

    var name: String { "\(operation), \(place)" }

    init(
        _ operation: String, _ place: String, _ status: Int, _ stranger: String,
        _ unknown: String = UUID().uuidString.lowercased(), _ request: @escaping @Sendable (String) -> TestRequest
    ) {
        self.operation = operation
        self.place = place
        self.status = status
        self.stranger = stranger
        self.unknown = unknown
        self.request = request
    }

    /// Ids of a tenant by the kind of object, as operations take them.
    static func ids(of filled: FilledBusiness) -> [String: String] {
        [
            Customer.kind: filled.customer.id.description, Segment.kind: filled.manualSegment.id.description,
            Plan.kind: filled.plan.id.description, Survey.kind: filled.survey.id.description,
            Campaign.kind: filled.draft.id.description, Member.kind: filled.member.id.description,
            Market.kind: filled.market.id.description, Department.kind: filled.department.id.description,
            CustomerAttribute.kind: filled.customerAttribute.id.description,
            Order.kind: filled.order.id.description, Interaction.kind: filled.interaction.id.description,
            "organisation": filled.organisation.id.description, Consent.kind: filled.consent.id.description,
            JourneyStage.kind: filled.journeyStage.id.description,
            Touchpoint.kind: filled.touchpoint.id.description,
            Product.kind: filled.product.id.description, Merge.kind: filled.merge.id.description,
            FileImport.kind: filled.waitingImport.id.description,
            Duplicate.kind: filled.duplicate.id.description, DuplicateRun.kind: filled.mergingRun.id.description,
            APIKey.kind: filled.spareKey.id.description, Tenant.kind: filled.business.context.tenantID.description,
            Erasure.kind: filled.business.context.tenantID.description,
        ]
    }

    /// Each place in which a declared operation takes an id, with the other tenant's in it and one's own everywhere else.
    ///
    /// - Throws: for a kind of which the tenants have no object.
    static func declared(_ operation: Operation, of other: FilledBusiness, by own: FilledBusiness) throws -> [Probe] {
        let places = Places(operation)
        return try places.all.map { place in
            guard let stranger = ids(of: other)[place.kind] else { throw NoObject(kind: place.kind) }
            let own = ids(of: own)
            return Probe("\(operation.method) \(operation.path)", place.name, place.status, stranger) { id in
                places.request { other in other == place ? id : own[other.kind] ?? "" }
            }
        }
    }

    struct NoObject: Error {
        let kind: String
    }

    /// What is named in other ways than by ids: references, keys of scores, tokens in links.
    static func byHand(of other: FilledBusiness, by own: FilledBusiness) -> [Probe] {
        let form = "application/x-www-form-urlencoded"
        // The own tenant's public id before the other's secret, and the other way round.
        let mixed = String(own.answered.text.prefix(26) + other.answered.text.suffix(26))
        let nobody = String(own.answered.text.prefix(26) + String(repeating: "0", count: 26))
        let (segment, campaign) = (other.manualSegment.id.description, other.campaign.id.description)
        func get(_ operation: String, _ place: String, _ stranger: String, _ unknown: String, _ path: String) -> Probe {
            Probe("GET \(operation)", place, 200, stranger, unknown) {
                TestRequest(.get, path.replacing("ID", with: $0))
            }
        }
        func rule(_ field: String, _ id: some CustomStringConvertible, in list: String? = nil) -> Probe {
            Probe("POST /v1/segments/preview", list ?? field, 422, id.description) { id in
                let rest =
                    list.map { #""op": "gte", "value": 0, "\#($0)": ["\#(id)"]"# }
                    ?? #""op": "in", "value": ["\#(id)"]"#
                return TestRequest(.post, "/v1/segments/preview", #"{"rule": {"field": "\#(field)", \#(rest)}}"#)
            }
        }
        func page(_ method: HTTPRequest.Method, _ path: String, _ body: String?, _ status: Int = 404) -> Probe {
            Probe("\(method) \(path)", "token", status, mixed, nobody) { token in
                TestRequest(method, path.replacing("{token}", with: token), body, type: form)
            }
        }
        return [
            get(
                "/v1/customers", "filter[reference]", "only-theirs", "nobodys", "/v1/customers?filter[reference]=ID"),
            get(
                "/v1/customers", "filter[reference][in]", "only-theirs", "nobodys",
                "/v1/customers?filter[reference][in]=ID"),
            get("/v1/scores", "scope_key", segment, UUID().uuidString, "/v1/scores?scope=segment&scope_key=ID"),
            get("/v1/scores", "scope_key", campaign, UUID().uuidString, "/v1/scores?scope=campaign&scope_key=ID"),
            rule("markets", other.market.id), rule("segments", other.manualSegment.id),
            rule("owner_id", other.member.id),
            rule("organisation_id", other.organisation.id),
            rule("orders.count", other.product.id, in: "product_ids"),
            rule("interactions.count", other.department.id, in: "department_ids"),
            rule("interactions.count", other.touchpoint.id, in: "touchpoint_ids"),
            page(.get, "/m/{token}", nil, 410), page(.post, "/m/{token}", "password=1234567890&again=1234567890", 410),
            page(.get, "/s/{token}", nil), page(.post, "/s/{token}", "score=1"), page(.get, "/u/{token}", nil),
            page(.post, "/u/{token}", "List-Unsubscribe=One-Click"),
        ]
    }

    /// Routes beside the operations in whose path, query and body nothing of a tenant can be named.
    static let nameNothing: Set = ["GET /healthz", "GET /readyz", "GET /openapi.json", "GET /docs"]
    /// Texts in queries that name nothing, or are probed by hand.
    static let harmlessTexts: Set = [
        "cursor", "filter[action]", "filter[action][in]", "filter[object_kind]", "filter[object_kind][in]",
        "filter[occurred_at][gte]", "filter[occurred_at][lt]", "filter[language]", "filter[language][in]",
        "filter[reference]", "filter[reference][in]", "filter[slug]", "filter[slug][in]", "scope_key",
        "filter[attributes.NAME]", "filter[attributes.NAME][in]", "filter[attributes.NAME][gt]",
        "filter[attributes.NAME][gte]", "filter[attributes.NAME][lt]", "filter[attributes.NAME][lte]",
        "filter[source]", "filter[source][in]", "filter[tag]", "filter[references]", "q", "key", "columns",
    ]

    static let elements = """
        {"product": \(element), "price": \(element), "place": \(element), "promotion": \(element), "people": \(element),
        "process": \(element), "physical_evidence": \(element)}
        """
    private static let element = #"{"description": "D", "actions": ["A"]}"#
}
