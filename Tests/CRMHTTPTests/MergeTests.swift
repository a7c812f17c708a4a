import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Customers who turn out to be one, and those who turn out not to have been.
@Suite("Merges")
struct MergeTests {
    @Test func `The survivor has what happened with both, and what it lacked itself`() async throws {
        try await Twins.withTwo { fixture, ada, again in
            let api = fixture.api
            let merged = try await Twins.merge(api, [again], into: ada)
            #expect(merged.status == 200, "\(merged)")
            #expect(
                try merged.text("name") == "Ada" && merged.text("reference") == "A-1" && merged.text("source") == "fair"
            )
            #expect(try merged.text("birth_date") == "1990-01-02" && merged.text("references/shop") == "7")
            #expect(try merged.value("tags") == .array([.string("a"), .string("both"), .string("b")]))
            #expect(try merged.text("attributes/club") == "gold" && merged.number("attributes/size") == 4)
            #expect(try merged.text("stage") == "actual" && merged.list("contact_points").count == 2)
            #expect(try await api.get("/v1/customers/\(again)").status == 404)
            #expect(try await api.get("/v1/customers").ids() == [ada])
            #expect(try await api.get("/v1/customers?filter[is_deleted]=true").ids() == [])
            #expect(try await api.post("/v1/customers/\(again)/restore").status == 404)
            #expect(try await api.get("/v1/orders?filter[customer_id]=\(ada)").ids().count == 1)
            #expect(try await api.get("/v1/interactions?filter[customer_id]=\(ada)").ids().count == 1)
            let consents = try await api.get("/v1/customers/\(ada)/overview")
            #expect(try consents.value("consents/0/is_granted") == .bool(false))
            #expect(try await api.get("/v1/customers?filter[references]=shop:7").ids() == [ada])
            let merges = try await api.get("/v1/merges?filter[customer_id]=\(again)")
            #expect(try merges.text("data/0/survivor_id") == ada && merges.number("data/0/moved/order") == 1)
            #expect(try merges.number("data/0/moved/contact_point") == 1)
        }
    }

    @Test func `What the other one is called in another script is kept and found`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let mina = try await api.addCustomer(#"{"name": "Mina Karimi"}"#)
            let persian = try await api.addCustomer(#"{"name": "مینا کریمی"}"#)
            let latin = try await api.addCustomer(#"{"name": "Mina K."}"#)
            let merged = try await Twins.merge(api, [persian, latin], into: mina)
            #expect(try merged.value("names") == .object(["Arab": .string("مینا کریمی")]))
            let query = "کریمی".addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed) ?? ""
            let found = try await api.get("/v1/customers/search?q=\(query)")
            #expect(try found.text("data/0/customer/id") == mina, "\(found)")
        }
    }

    @Test func `A merge that was wrong is undone, but for what came since`() async throws {
        try await Twins.withTwo { fixture, ada, again in
            let (api, business) = (fixture.api, fixture.business)
            let before = try await api.get("/v1/customers/\(again)")
            _ = try await Twins.merge(api, [again], into: ada)
            let since = try await Twins.order(ada, business)
            _ = try await api.patch(
                "/v1/customers/\(ada)", #"{"tags": ["a", "both", "b", "c"], "birth_date": "1991-01-02"}"#)
            let id = try #require(try await api.get("/v1/merges").ids().first)
            let undone = try await api.post("/v1/merges/\(id)/undo")
            #expect(try undone.status == 200 && undone.text("undone_at") != nil, "\(undone)")
            let back = try await api.get("/v1/customers/\(again)")
            for member in [
                "name", "reference", "references", "tags", "birth_date", "attributes", "contact_points", "stage",
            ] {
                #expect(try back.value(member) == before.value(member), "\(member)")
            }
            let survivor = try await api.get("/v1/customers/\(ada)")
            #expect(try survivor.value("tags") == .array([.string("a"), .string("both"), .string("c")]))
            #expect(try survivor.text("birth_date") == "1991-01-02" && survivor.value("references") == .object([:]))
            #expect(try survivor.value("attributes/size") == .null && survivor.list("contact_points").count == 1)
            #expect(try await api.get("/v1/orders?filter[customer_id]=\(ada)").ids() == [since.id.description])
            #expect(try await api.get("/v1/orders?filter[customer_id]=\(again)").ids().count == 1)
            #expect(try await api.get("/v1/interactions?filter[customer_id]=\(again)").ids().count == 1)
            #expect(try await api.get("/v1/consents?filter[customer_id]=\(again)").ids().count == 1)
            #expect(try await api.get("/v1/customers/\(ada)/overview").list("consents").isEmpty)
            #expect(try await api.post("/v1/merges/\(id)/undo").text("code") == "not_undoable")
        }
    }

    @Test func `What cannot be merged is told by its place`() async throws {
        try await Twins.withTwo { fixture, ada, again in
            let api = fixture.api
            let company = try await Twins.add(api, #"{"name": "Ltd", "kind": "organisation"}"#)
            let bad = try await Twins.merge(api, [again, ada, company, UUID().uuidString, again], into: ada)
            #expect(
                try Set(bad.errors()) == [
                    "/customer_ids/1 invalid", "/customer_ids/2 invalid", "/customer_ids/3 not_found",
                    "/customer_ids/4 duplicate",
                ])
            #expect(try await Twins.merge(api, [again], into: UUID().uuidString.lowercased()).status == 404)
            #expect(try await api.get("/v1/merges").ids() == [])
        }
    }

    @Test
    func `A merge is not undone after 30 days, nor when the survivor was merged in its turn, nor over a reference`()
        async throws
    {
        try await Twins.withTwo { fixture, ada, again in
            let (api, business) = (fixture.api, fixture.business)
            _ = try await Twins.merge(api, [again], into: ada)
            let id = try #require(try await api.get("/v1/merges").ids().first)
            let third = try await Twins.add(api, #"{"name": "Ada", "reference": "A-2"}"#)
            #expect(try await api.post("/v1/merges/\(id)/undo").text("code") == "reference_taken")
            _ = try await Twins.merge(api, [ada], into: third)
            #expect(try await api.post("/v1/merges/\(id)/undo").text("code") == "not_undoable")
            let last = try #require(try await api.get("/v1/merges?filter[customer_id]=\(third)").ids().first)
            try await business.server.run("UPDATE crm.merge SET created_at = now() - interval '31 days'")
            #expect(try await api.post("/v1/merges/\(last)/undo").text("code") == "not_undoable")
        }
    }

    @Test func `People of a merged organisation belong to the survivor, and members of segments by hand stay in them`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let one = try await Twins.add(api, #"{"name": "One Ltd", "kind": "organisation"}"#)
            let two = try await Twins.add(api, #"{"name": "Two Ltd", "kind": "organisation"}"#)
            let person = try await Twins.add(api, #"{"name": "Ada", "organisation_id": "\#(two)"}"#)
            let segment = try await business.segment("Chosen", of: [])
            _ = try await business.memberships.add(business.context, [try #require(Customer.ID(two))], to: segment.id)
            #expect(try await Twins.merge(api, [two], into: one).status == 200)
            #expect(try await api.get("/v1/customers/\(person)").text("organisation_id") == one)
            #expect(try await api.get("/v1/segments/\(segment.id)/members").ids() == [one])
            try await business.refresh()
            #expect(try await api.get("/v1/segments/\(segment.id)").number("member_count") == 1)
            let id = try #require(try await api.get("/v1/merges").ids().first)
            #expect(try await api.post("/v1/merges/\(id)/undo").status == 200)
            #expect(try await api.get("/v1/customers/\(person)").text("organisation_id") == two)
            #expect(try await api.get("/v1/segments/\(segment.id)/members").ids() == [two])
            #expect(try await api.get("/v1/segments/\(segment.id)").number("member_count") == 1)
        }
    }
}
