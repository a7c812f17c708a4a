import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Customer profiles")
struct CustomerProfileTests {
    @Test func `What is known of a customer is kept, shown and found by`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let owner = try await fixture.business.signedIn(as: [.agent]).0.id
            let market = try await fixture.business.record(MarketValues(name: "Tehran")).id
            let company = try await api.addCustomer(#"{"name": "Readers Ltd", "kind": "organisation"}"#)
            let mina = try await api.addCustomer(
                """
                {"name": "مینا کریمی", "names": {"Latn": "Mina Karimi"}, "birth_date": "1990-03-21", "source": "fair",
                 "acquisition_cost": {"amount": "2.5", "currency": "GBP"}, "owner_id": "\(owner)",
                 "organisation_id": "\(company)", "market_ids": ["\(market)"], "tags": ["poetry", "شعر"],
                 "references": {"shop": "10077", "crm-old": "K-1"},
                 "contact_points": [{"channel": "phone", "address": "+98 912 000 0000", "type": "mobile",
                    "verified_at": "2026-03-01T08:00:00Z"}]}
                """)
            _ = try await api.addCustomer(#"{"name": "Somebody else", "tags": ["prose"]}"#)
            let country = try await fixture.business.record(MarketValues(name: "Iran")).id
            #expect(try await api.patch("/v1/markets/\(market)", #"{"parent_id": "\#(country)"}"#).status == 200)
            let shown = try await api.get("/v1/customers/\(mina)")
            #expect(try shown.text("names/Latn") == "Mina Karimi" && shown.text("birth_date") == "1990-03-21")
            #expect(try shown.text("acquisition_cost/amount") == "2.5" && shown.text("tags/1") == "شعر")
            #expect(try shown.text("references/shop") == "10077" && shown.text("market_ids/0") == market.description)
            #expect(try shown.text("contact_points/0/verified_at") == "2026-03-01T08:00:00.000000Z")
            for filter in [
                "owner_id]=\(owner)", "organisation_id]=\(company)", "market_id]=\(market)", "market_id]=\(country)",
                "tag]=poetry",
                "source]=fair", "references]=shop:10077",
            ] {
                #expect(try await api.get("/v1/customers?filter[\(filter)").ids() == [mina], "\(filter)")
            }
            let patch = #"{"tags": ["prose"], "market_ids": [], "references": {"shop": null}, "names": {"Latn": null}}"#
            let patched = try await api.patch("/v1/customers/\(mina)", patch)
            #expect(try patched.value("references") == .object(["crm-old": .string("K-1")]))
            #expect(try patched.value("names") == .object([:]))
            #expect(try await api.get("/v1/customers?filter[tag]=poetry").ids() == [])
            #expect(try await api.get("/v1/customers?filter[tag]=prose").ids().count == 2)
            #expect(try await api.get("/v1/customers?filter[references]=shop:10077").ids() == [])
            #expect(try await api.delete("/v1/markets/\(market)").status == 204)
        }
    }

    @Test func `Everything that is wrong with a profile is told at once`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let answer = try await api.post(
                "/v1/customers",
                """
                {"name": "A", "kind": "organisation", "organisation_id": "\(UUID())", "names": {"latin": "x", "Latn": " "},
                 "birth_date": "2999-01-01", "tags": ["a", "a", ""], "references": {"Shop": "1", "shop": ""},
                 "acquisition_cost": {"amount": "-1", "currency": "GBP"}, "source": "", "stage_reason": " "}
                """)
            #expect(answer.status == 422)
            #expect(
                try Set(answer.errors()) == [
                    "/names/latin unknown", "/names/Latn length", "/birth_date range", "/tags/1 duplicate",
                    "/tags/2 length", "/references/Shop unknown", "/references/shop length",
                    "/acquisition_cost/amount range", "/source length", "/stage_reason length",
                    "/organisation_id not_allowed",
                ])
            let twice = try await api.post(
                "/v1/customers",
                """
                {"name": "A", "contact_points": [{"channel": "phone", "address": "۰۹۱۲ 345-6789"},
                    {"channel": "phone", "address": "09123456789", "is_primary": true}]}
                """)
            #expect(try twice.errors() == ["/contact_points/1/address duplicate"])
            let neither = try await api.post(
                "/v1/customers",
                """
                {"name": "A", "contact_points": [{"channel": "phone", "address": "home"}, {"channel": "phone", "address": "work"}]}
                """)
            #expect(
                try neither.errors() == ["/contact_points/0/address invalid", "/contact_points/1/address invalid"])
            let nowhere = try await api.post(
                "/v1/customers",
                """
                {"name": "A", "organisation_id": "\(UUID())", "owner_id": "\(UUID())",
                 "market_ids": ["\(UUID())", "\(UUID())"]}
                """)
            #expect(
                try Set(nowhere.errors()) == [
                    "/organisation_id not_found", "/owner_id not_found", "/market_ids/0 not_found",
                    "/market_ids/1 not_found",
                ])
            #expect(try await api.get("/v1/customers").ids() == [])
        }
    }

    @Test func `A reference of a system leads to one customer, until that one is deleted`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let first = try await api.addCustomer(#"{"name": "A", "references": {"shop": "1"}}"#)
            let body = #"{"name": "B", "references": {"shop": "1"}}"#
            let taken = try await api.post("/v1/customers", body)
            #expect(try taken.status == 409 && taken.text("code") == "reference_taken")
            _ = try await api.addCustomer(#"{"name": "C", "references": {"till": "1"}}"#)
            #expect(try await api.delete("/v1/customers/\(first)").status == 204)
            let second = try await api.addCustomer(body)
            // The first cannot come back while another one has its reference.
            let refused = try await api.post("/v1/customers/\(first)/restore")
            #expect(try refused.status == 409 && refused.text("code") == "reference_taken")
            #expect(try await api.patch("/v1/customers/\(second)", #"{"references": {"shop": "2"}}"#).status == 200)
            #expect(try await api.post("/v1/customers/\(first)/restore").status == 200)
        }
    }

    @Test func `A deleted customer is nowhere, and is as before once it is restored`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let market = try await business.record(MarketValues(name: "Tehran")).id
            let id = try await api.addCustomer(#"{"name": "A", "tags": ["x"], "market_ids": ["\#(market)"]}"#)
            let customer = try await business.customers.find(business.context, try #require(Customer.ID(id)))
            let segment = try await business.segment("All", of: [customer])
            #expect(try await api.delete("/v1/customers/\(id)").status == 204)
            #expect(try await api.get("/v1/customers/\(id)").status == 404)
            #expect(try await api.delete("/v1/customers/\(id)").status == 404)
            #expect(try await api.patch("/v1/customers/\(id)", #"{"name": "B"}"#).status == 404)
            #expect(try await api.get("/v1/customers").ids() == [])
            #expect(try await api.get("/v1/customers?filter[is_deleted]=true").ids() == [id])
            #expect(try await api.get("/v1/segments/\(segment.id)/members").ids() == [])
            try await business.refresh()
            #expect(try await api.get("/v1/segments/\(segment.id)").number("member_count") == 0)
            // What nobody uses any more can go meanwhile.
            #expect(try await api.delete("/v1/markets/\(market)").status == 204)
            let restored = try await api.post("/v1/customers/\(id)/restore")
            #expect(try restored.status == 200 && restored.text("tags/0") == "x")
            #expect(try restored.value("market_ids") == .array([]))
            #expect(try await api.get("/v1/customers?filter[tag]=x").ids() == [id])
            #expect(try await api.post("/v1/customers/\(id)/restore").status == 404)
        }
    }

    @Test func `People belong to an organisation, which stays one while they do`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let company = try await api.addCustomer(#"{"name": "Ltd", "kind": "organisation"}"#)
            let person = try await api.addCustomer(#"{"name": "A", "organisation_id": "\#(company)"}"#)
            let wrong = try await api.post("/v1/customers", #"{"name": "B", "organisation_id": "\#(person)"}"#)
            #expect(try wrong.errors() == ["/organisation_id not_found"])
            let turned = try await api.patch("/v1/customers/\(company)", #"{"kind": "person"}"#)
            #expect(try turned.status == 409 && turned.text("code") == "in_use")
            #expect(try await api.delete("/v1/customers/\(company)").text("code") == "in_use")
            #expect(try await api.patch("/v1/customers/\(person)", #"{"organisation_id": null}"#).status == 200)
            #expect(try await api.delete("/v1/customers/\(company)").status == 204)
        }
    }

    @Test func `An organisation that is deleted while somebody joins it keeps out, or stays`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for _ in 0..<10 {
                let company = try await api.addCustomer(#"{"name": "Ltd", "kind": "organisation"}"#)
                async let deleted = api.delete("/v1/customers/\(company)").status
                async let joined = api.post(
                    "/v1/customers", #"{"name": "A", "organisation_id": "\#(company)"}"#
                ).status
                let outcome = try await [deleted, joined]
                #expect(outcome == [204, 422] || outcome == [409, 201], "\(outcome)")
            }
        }
    }

    @Test func `How a relationship went is kept, with the reasons`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, path) = (fixture.api, "/v1/customers/")
            let id = try await api.addCustomer(#"{"name": "A", "reference": "1"}"#)
            _ = try await api.patch(path + id, #"{"stage": "actual", "stage_reason": "contract"}"#)
            // A reason is that of one change.
            let lost = try await api.patch(path + id, #"{"stage": "lost"}"#)
            #expect(try lost.value("stage_reason") == .null)
            _ = try await api.patch(path + id, #"{"stage_reason": "moved away"}"#)
            _ = try await api.addCustomer(#"{"name": "B", "reference": "2"}"#)
            let file = "customer_ref,ordered_on,amount\n2,2026-01-05,12\n"
            #expect(try await fixture.upload(.orders, file).number("created") == 1)
            let changes = try await api.get("/v1/stage-changes?filter[customer_id]=\(id)")
            #expect(try [changes.text("data/0/to"), changes.text("data/1/to")] == ["lost", "actual"])
            #expect(try changes.text("data/1/reason") == "contract" && changes.text("data/1/actor_kind") == "key")
            #expect(try changes.text("data/2/id") == nil)
            let all = try await api.get("/v1/stage-changes?filter[to]=actual")
            #expect(try all.text("data/0/reason") == "first order" && all.text("data/2/id") == nil)
        }
    }

    @Test func `Attributes are what the business says that they may be, once it says so`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            // As long as it says nothing, everything goes.
            let free = try await api.addCustomer(#"{"name": "Free", "attributes": {"anything": [1, {"a": null}]}}"#)
            for attribute in [
                #"{"name": "club", "type": "choice", "choices": ["silver", "gold"], "is_required": true}"#,
                #"{"name": "size", "type": "number"}"#, #"{"name": "vip", "type": "boolean"}"#,
                #"{"name": "since", "type": "day"}"#, #"{"name": "note", "type": "text", "label": "یادداشت"}"#,
            ] {
                #expect(try await api.post("/v1/customer-attributes", attribute).status == 201, "\(attribute)")
            }
            func errors(_ attributes: String) async throws -> Set<String> {
                let answer = try await api.post("/v1/customers", #"{"name": "A", "attributes": \#(attributes)}"#)
                return answer.status == 201 ? [] : Set(try answer.errors())
            }
            let good = #"{"club": "gold", "size": 1.5, "vip": true, "since": "2026-02-28", "note": "متن"}"#
            #expect(try await errors(good) == [])
            #expect(try await errors("{}") == ["/attributes/club required"])
            #expect(try await errors(#"{"club": null}"#) == ["/attributes/club required"])
            #expect(
                try await errors(
                    #"{"club": "tin", "size": "1", "vip": "yes", "since": "2026-02-30", "note": 1, "a/b": 1}"#) == [
                        "/attributes/club unknown", "/attributes/size type", "/attributes/vip type",
                        "/attributes/since type", "/attributes/note type", "/attributes/a~1b unknown",
                    ])
            // What stood there before stays until it is changed; what is changed must be right.
            #expect(try await api.patch("/v1/customers/\(free)", #"{"name": "Still free"}"#).status == 200)
            let changed = try await api.patch("/v1/customers/\(free)", #"{"attributes": {"club": "gold"}}"#)
            #expect(changed.status == 200, "\(changed)")
            let wrong = try await api.patch("/v1/customers/\(free)", #"{"attributes": {"anything": 2}}"#)
            #expect(try wrong.status == 422 && wrong.errors() == ["/attributes/anything unknown"])
            for bad in [
                #"{"name": "Club", "type": "text"}"#, #"{"name": "a", "type": "choice"}"#,
                #"{"name": "a", "type": "text", "choices": ["b"]}"#,
            ] {
                #expect(try await api.post("/v1/customer-attributes", bad).status == 422, "\(bad)")
            }
        }
    }

    @Test func `A customer who is deleted after the plan was made gets no mail`() async throws {
        try await HTTPFixture.with { fixture in
            let business = fixture.business
            let (ada, bob) = (try await business.customer("Ada"), try await business.customer("Bob"))
            let segment = try await business.segment("All", of: [ada, bob])
            let campaign = try await business.campaign("C", try await business.survey(), to: segment)
            _ = try await business.planned(campaign)
            try await business.customers.delete(business.context, ada.id)
            let letters = try await withOutbox { outbox in
                _ = try await business.send(outbox.transport())
                return try outbox.letters().map(\.recipient)
            }
            #expect(letters == ["bob@mail.example"])
        }
    }

    @Test func `A name is kept however it is written`() async throws {
        try await HTTPFixture.with { fixture in
            // Each of these is six letters once it is normalised.
            let name = String(repeating: "\u{3316}", count: 200)
            let id = try await fixture.api.addCustomer(#"{"name": "\#(name)"}"#)
            #expect(try await fixture.api.get("/v1/customers/\(id)").text("name") == name)
        }
    }
}
