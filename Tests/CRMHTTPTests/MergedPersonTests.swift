import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What merging means for persons: what they refused, what is shown of them, and that they are forgotten whole.
@Suite("Merged persons")
struct MergedPersonTests {
    @Test func `Who is forgotten is forgotten with whoever was made one with them`() async throws {
        try await Twins.withTwo { fixture, ada, again in
            let (api, business) = (fixture.api, fixture.business)
            _ = try await Twins.merge(api, [again], into: ada)
            let export = try await api.get("/v1/customers/\(ada)/personal-data")
            #expect(try export.text("data/merged_customers/0/name") == "Ada L.")
            let id = try #require(try await api.get("/v1/merges").ids().first)
            #expect(try await api.delete("/v1/customers/\(ada)/personal-data").status == 204)
            #expect(try await api.post("/v1/merges/\(id)/undo").text("code") == "not_undoable")
            let left = try await business.server.number(
                "SELECT count(*) FROM crm.customer WHERE name LIKE 'Ada%' OR reference LIKE 'A-%' OR birth_date IS NOT NULL"
            )
            #expect(left == 0)
            #expect(
                try await business.server.number("SELECT count(*) FROM crm.contact_point WHERE customer_id IS NOT NULL")
                    == 0)
            #expect(
                try await business.server.number("SELECT count(*) FROM crm.merge WHERE before_values IS NOT NULL") == 0)
        }
    }

    @Test func `A file's consent undoes no refusal of the survivor`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let ada = try await Twins.add(api, #"{"name": "Ada"}"#)
            _ = try await api.post(
                "/v1/consents", #"{"customer_id": "\#(ada)", "channel": "email", "is_granted": false}"#)
            _ = try await fixture.upload(
                .customers, "reference,name,email,consent\nA-2,Ada,ada@mail.example,yes\n")
            let again = try #require(try await api.get("/v1/customers?filter[reference]=A-2").ids().first)
            #expect(try await Twins.merge(api, [again], into: ada).status == 200)
            let consents = try await api.get("/v1/customers/\(ada)/overview")
            #expect(try consents.value("consents/0/is_granted") == .bool(false))
        }
    }

    @Test func `Undoing tells the two apart where addresses were written anew, and leaves what a third one brought`()
        async throws
    {
        try await Twins.withTwo { fixture, ada, again in
            let api = fixture.api
            let third = try await Twins.add(
                api,
                #"""
                {"name": "Ada", "tags": ["b"], "contact_points": [
                 {"channel": "email", "address": "third@mail.example", "is_primary": true}]}
                """#)
            _ = try await Twins.merge(api, [again, third], into: ada)
            let points =
                #"[{"channel": "phone", "address": "+98 912 1234567"}, {"channel": "email", "address": "third@mail.example"}]"#
            #expect(try await api.patch("/v1/customers/\(ada)", #"{"contact_points": \#(points)}"#).status == 200)
            let order = #"{"customer_id": "\#(ada)", "ordered_on": "2026-01-01", "amount": "5"}"#
            #expect(try await api.post("/v1/orders", order).status == 201)
            let merges = try await api.get("/v1/merges?filter[customer_id]=\(again)")
            let id = try #require(try merges.ids().first)
            #expect(try await api.post("/v1/merges/\(id)/undo").status == 200)
            let survivor = try await api.get("/v1/customers/\(ada)")
            #expect(try survivor.list("contact_points").count == 1)
            #expect(try survivor.text("contact_points/0/address") == "third@mail.example")
            #expect(try survivor.value("tags") == .array([.string("a"), .string("both"), .string("b")]))
            // Who bought something is no potential customer.
            #expect(try survivor.text("stage") == "actual")
            // What is shown of the one tells nothing of the other.
            let export = try await api.get("/v1/customers/\(again)/personal-data")
            #expect(try export.list("data/merges").isEmpty)
            #expect(try await api.delete("/v1/customers/\(again)/personal-data").status == 204)
            let log = try await fixture.business.server.number(
                "SELECT count(*) FROM crm.event_personal WHERE changes::text LIKE '%1990-01-02%'")
            #expect(log == 0)
        }
    }

    @Test func `Persons are shown and forgotten with everybody they became one with, and not by the ids of those`()
        async throws
    {
        try await Twins.withTwo { fixture, ada, again in
            let api = fixture.api
            let third = try await Twins.add(api, #"{"name": "Ada Third"}"#)
            _ = try await Twins.merge(api, [again], into: ada)
            _ = try await Twins.merge(api, [ada], into: third)
            let export = try await api.get("/v1/customers/\(third)/personal-data")
            #expect(try export.list("data/merged_customers").count == 2)
            #expect(try await api.get("/v1/customers/\(again)/personal-data").status == 404)
            #expect(try await api.delete("/v1/customers/\(again)/personal-data").status == 404)
            #expect(try await api.delete("/v1/customers/\(third)/personal-data").status == 204)
            let left = try await fixture.business.server.number(
                "SELECT count(*) FROM crm.customer WHERE erased_at IS NULL")
            #expect(left == 0)
        }
    }

    @Test func `An answer, and an unsubscription, are of whoever the invited customer is by then`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let (ada, bob) = (try await business.customer("Ada"), try await business.customer("Bob"))
            _ = try await business.planned(to: [ada, bob])
            let letters = try await withOutbox { outbox in
                _ = try await business.send(outbox.transport())
                return try outbox.letters()
            }
            let letter = try #require(letters.first { $0.recipient == "bob@mail.example" })
            let token = try #require(SecretToken(letter.token))
            // Both were invited, so that Bob's invitation stays with Bob's row.
            #expect(try await Twins.merge(api, [bob.id.description], into: ada.id.description).status == 200)
            _ = try await business.respondents.submit(token, ["score": "9", "comment": "Good"], requestID: nil)
            _ = try await business.respondents.unsubscribe(token, requestID: nil)
            let answers = try await business.server.number(
                "SELECT count(*) FROM crm.response WHERE customer_id = \(ada.id)")
            #expect(answers == 1)
            let consents = try await api.get("/v1/customers/\(ada.id)/overview")
            #expect(try consents.value("consents/0/is_granted") == .bool(false))
        }
    }
}
