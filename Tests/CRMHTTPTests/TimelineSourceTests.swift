import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What came back of orders, and invitations to surveys, among everything else that happened.
@Suite("Returns and invitations in timelines", .serialized)
struct TimelineSourceTests {
    private static func texts(_ member: String, _ answer: Answer, _ list: String = "data") throws -> [String] {
        try answer.list(list).indices.compactMap { try answer.text("\(list)/\($0)/\(member)") }
    }

    /// An order of 10 of which three times something came back, twice on one day.
    private static func returned(
        _ api: TestAPI, _ customer: String, _ more: String = "", on days: [String] = ["03-05", "03-05", "03-07"]
    ) async throws -> String {
        let made = try await api.post(
            "/v1/orders",
            #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-01", "amount": "10"\#(more)}"#)
        try #require(made.status == 201, "\(made)")
        let id = try #require(try made.text("id"))
        for (index, day) in days.enumerated() {
            let answer = try await api.post(
                "/v1/orders/\(id)/returns", #"{"returned_on": "2026-\#(day)", "amount": "\#(index + 1)"}"#)
            try #require(answer.status == 200, "\(answer)")
        }
        return id
    }

    @Test func `What came back stands on its own day, and says what its order says`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id.description
            let shop = try await business.record(DepartmentValues(name: "Shop")).id
            let order = try await Self.returned(
                api, customer, #", "reference": "O-1", "channel": "web", "department_id": "\#(shop)""#)
            _ = try await api.post(
                "/v1/orders", #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-06", "amount": "8"}"#)
            let path = "/v1/customers/\(customer)/timeline"
            let all = try await api.get("\(path)?filter[kind][in]=order,return")
            #expect(try Self.texts("kind", all) == ["return", "order", "return", "return", "order"], "\(all)")
            let first = "2026-03-07T00:00:00.000000Z"
            #expect(try all.text("data/0/happened_at") == first && all.text("data/0/amount/amount") == "3")
            #expect(try all.text("data/0/subject") == "O-1" && all.text("data/0/channel") == "web")
            #expect(try all.text("data/0/department_id") == shop.description)
            #expect(try all.text("data/4/id") == order && all.text("data/4/amount/amount") == "4")
            for (filter, count) in [
                ("department_id]=\(shop)", 4), ("department_id]=\(UUID())", 0),
                ("happened_at][gte]=2026-03-06T00:00:00Z", 2), ("happened_at][lt]=2026-03-06T00:00:00Z", 3),
            ] {
                let found = try await api.get("\(path)?filter[kind][in]=order,return&filter[\(filter)")
                #expect(try found.ids().count == count, "\(filter)")
            }
            #expect(try await api.get("\(path)?filter[kind]=return").ids().count == 3)
            #expect(try await api.get("\(path)?filter[kind]=order").ids().count == 2)
            // Page by page nothing is left out or shown twice, though two are of one moment.
            var (walked, cursor) = ([String](), "")
            while true {
                let page = try await api.get("\(path)?filter[kind][in]=order,return&limit=1\(cursor)")
                walked += try page.ids()
                guard let next = try page.text("next_cursor") else { break }
                cursor = "&cursor=\(next)"
            }
            #expect(try walked == all.ids())
            let overview = try await api.get("/v1/customers/\(customer)/overview")
            #expect(try Self.texts("kind", overview, "timeline").filter { $0 == "return" }.count == 3)
            #expect(try await api.delete("/v1/orders/\(order)").status == 204)
            let left = try await api.get("\(path)?filter[kind][in]=order,return")
            #expect(try Self.texts("kind", left) == ["order"])
        }
    }

    @Test func `What came back for nothing is not shown, whatever else came back of the order`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id.description
            let product = try await business.record(ProductValues(code: "P", name: "Tea")).id
            let line = #"{"product_id": "\#(product)", "quantity": 2, "unit_price": "5"}"#
            let made = try await api.post(
                "/v1/orders", #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-01", "lines": [\#(line)]}"#)
            let id = try #require(try made.text("id"), "\(made)")
            for (day, amount) in [("05", "0"), ("06", "5")] {
                let body =
                    #"{"returned_on": "2026-03-\#(day)", "lines": [{"line": 1, "quantity": 1, "amount": "\#(amount)"}]}"#
                let answer = try await api.post("/v1/orders/\(id)/returns", body)
                #expect(answer.status == 200, "\(answer)")
            }
            let shown = try await api.get("/v1/customers/\(customer)/timeline?filter[kind]=return")
            #expect(try shown.ids().count == 1 && shown.text("data/0/amount/amount") == "5", "\(shown)")
        }
    }

    @Test func `An invitation stands where it was sent, with its survey and what became of it`() async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            try await TestAPI.with(server) { api in
                var api = api
                api.key = filled.secret
                let survey = try #require(try await api.get("/v1/surveys/\(filled.survey.id)").text("name"))
                let bob = try #require(try await api.get("/v1/customers?filter[reference]=0002").ids().first)
                for (customer, state) in [(filled.customer.id.description, "responded"), (bob, "sent")] {
                    let path = "/v1/customers/\(customer)/timeline?filter[kind]=invitation"
                    let found = try await api.get(path)
                    #expect(try found.ids().count == 1 && found.text("data/0/outcome") == state, "\(found)")
                    #expect(try found.text("data/0/subject") == survey && found.text("data/0/channel") == "email")
                    let sent = try #require(try found.text("data/0/happened_at"))
                    #expect(try await api.get("\(path)&filter[happened_at][lt]=\(sent)").ids() == [])
                    #expect(try await api.get("\(path)&filter[happened_at][gte]=\(sent)").ids().count == 1)
                    #expect(try await api.get("\(path)&filter[member_id]=\(filled.member.id)").ids() == [])
                }
                // What was answered stands above the invitation to it.
                let both = try await api.get(
                    "/v1/customers/\(filled.customer.id)/timeline?filter[kind][in]=survey,invitation")
                #expect(try Self.texts("kind", both) == ["survey", "invitation"])
                let overview = try await api.get("/v1/customers/\(filled.customer.id)/overview")
                #expect(try Self.texts("kind", overview, "timeline").contains("invitation"))
            }
        }
    }

    @Test func `An invitation of a survey after a touchpoint stands there, and not before it is sent`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let service = try await business.record(DepartmentValues(name: "Service")).id
            let stage = try await business.record(JourneyStageValues(name: "Delivery", position: 1)).id
            var door = TouchpointValues(name: "At the door", stageID: stage.rawValue, position: 1)
            door.departmentID = service.rawValue
            let touchpoint = try await business.record(door).id
            let customer = try await business.customer("Ada")
            let segment = try await business.segment("All", of: [customer])
            let survey = try await business.survey()
            let made = try await api.post(
                "/v1/campaigns",
                """
                {"name": "C", "kind": "transactional", "survey_id": "\(survey.id)", "segment_id": "\(segment.id)",
                 "touchpoint_id": "\(touchpoint)", "subject": {"en": "One question"}, "message": {"en": "A minute."}}
                """)
            let campaign = try #require(try made.text("id").flatMap { UUID(uuidString: $0) }, "\(made)")
            let invitation = UUID()
            try await business.server.run(
                """
                INSERT INTO crm.invitation
                    (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state, expires_at)
                VALUES (\(business.tenantID), \(invitation), \(campaign), 1, \(segment.id), \(customer.id), 'en', 'a@b.example',
                    'planned', now())
                """)
            let path = "/v1/customers/\(customer.id)/timeline?filter[kind]=invitation"
            #expect(try await api.get(path).ids() == [])
            try await business.server.run(
                "UPDATE crm.invitation SET state = 'sent', sent_at = now() WHERE id = \(invitation)")
            for (filter, count) in [
                ("department_id]=\(service)", 1), ("touchpoint_id]=\(touchpoint)", 1), ("touchpoint_id]=\(UUID())", 0),
            ] {
                #expect(try await api.get("\(path)&filter[\(filter)").ids().count == count, "\(filter)")
            }
            let shown = try await api.get(path)
            #expect(try shown.text("data/0/touchpoint_id") == touchpoint.description)
            #expect(try shown.text("data/0/department_id") == service.description)
        }
    }

    @Test(arguments: [(Scope.ordersRead, "order return"), (.campaignsRead, "invitation"), (.responsesRead, "survey")])
    func `Each is shown to who may read it elsewhere`(scope: Scope, kinds: String) async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            let (_, narrow) = try await APIKeyService(database: filled.business.database).create(
                filled.business.context, name: "narrow", scopes: [.customersRead, scope])
            try await TestAPI.with(server) { api in
                var api = api
                api.key = narrow
                let path = "/v1/customers/\(filled.customer.id)"
                let expected = Set(kinds.split(separator: " ").map(String.init) + ["stage_change", "consent"])
                let (timeline, overview) = (
                    try await api.get("\(path)/timeline"), try await api.get("\(path)/overview")
                )
                #expect(Set(try Self.texts("kind", timeline)) == expected)
                #expect(Set(try Self.texts("kind", overview, "timeline")) == expected)
            }
        }
    }

    @Test func `Both go with a merge, come back with its undoing, and are gone with who is forgotten`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let (ada, again) = (try await business.customer("Ada"), try await business.customer("Ada L"))
            _ = try await Self.returned(api, again.id.description, on: ["03-05"])
            let segment = try await business.segment("All", of: [again])
            let campaign = try await business.campaign("C", try await business.survey(), to: segment)
            try await business.server.run(
                """
                INSERT INTO crm.invitation (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state,
                    sent_at, expires_at)
                VALUES (\(business.tenantID), \(UUID()), \(campaign.id), 1, \(segment.id), \(again.id), 'en', 'a@b.example', 'sent',
                    now(), now())
                """)
            func kinds(_ customer: Customer) async throws -> [String] {
                try Self.texts(
                    "kind",
                    try await api.get("/v1/customers/\(customer.id)/timeline?filter[kind][in]=return,invitation"))
            }
            let before = try await kinds(again)
            #expect(before == ["invitation", "return"])
            #expect(try await Twins.merge(api, [again.id.description], into: ada.id.description).status == 200)
            #expect(try await kinds(ada) == before)
            let merge = try #require(try await api.get("/v1/merges").ids().first)
            #expect(try await api.post("/v1/merges/\(merge)/undo").status == 200)
            #expect(try await kinds(again) == before)
            #expect(try await kinds(ada) == [])
            #expect(try await api.delete("/v1/customers/\(again.id)/personal-data").status == 204)
            #expect(try await api.get("/v1/customers/\(again.id)/timeline").status == 404)
        }
    }
}
