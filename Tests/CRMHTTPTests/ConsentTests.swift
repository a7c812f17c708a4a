import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What customers said about being written to, in whatever way it came.
@Suite("Consents")
struct ConsentTests {
    @Test func `A file changes stages and consents, and that is kept too`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            _ = try await api.addCustomer(#"{"name": "A", "reference": "1"}"#)
            let file = "reference,name,stage,email,consent\n1,A,lost,a@b.example,yes\n2,B,actual,b@b.example,no\n"
            #expect(try await fixture.upload(.customers, file).text("state") == "done")
            let changes = try await api.get("/v1/stage-changes")
            #expect(try changes.text("data/0/from") == "potential" && changes.text("data/0/to") == "lost")
            #expect(try changes.text("data/1/id") == nil)
            let consents = try await api.get("/v1/consents")
            #expect(try consents.ids().count == 2 && consents.text("data/0/source") == "import")
            #expect(try consents.text("data/0/proof")?.hasPrefix("import ") == true)
        }
    }

    @Test func `The latest word of a customer counts, and every word is kept with its proof`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada")
            func say(_ isGranted: Bool, _ rest: String = "") async throws -> Answer {
                try await api.post(
                    "/v1/consents",
                    #"{"customer_id": "\#(customer.id)", "channel": "email", "is_granted": \#(isGranted)\#(rest)}"#)
            }
            let signed = try await say(true, #", "proof": "form 12", "given_at": "2025-01-01T00:00:00Z""#)
            #expect(try signed.status == 201 && signed.text("source") == "api")
            #expect(try signed.text("given_at") == "2025-01-01T00:00:00.000000Z")
            let place = try #require(signed.headers[.location])
            #expect(try await api.get(place).text("proof") == "form 12")
            #expect(try await say(false).status == 201)
            let all = try await api.get("/v1/consents?filter[customer_id]=\(customer.id)")
            #expect(
                try [all.value("data/0/is_granted"), all.value("data/1/is_granted")] == [.bool(false), .bool(true)])
            let latest = try await api.get("/v1/consents?filter[customer_id]=\(customer.id)&filter[is_current]=true")
            #expect(try latest.ids().count == 1 && latest.value("data/0/is_granted") == .bool(false))
            // Nobody is written to who does not want it.
            let segment = try await business.segment("All", of: [customer])
            let campaign = try await business.campaign("C", try await business.survey(), to: segment)
            let preview = try await api.post("/v1/campaigns/\(campaign.id)/preview")
            #expect(preview.status == 200 && preview.body.contains("no_consent"), "\(preview)")
            // What was said before that is noted, and counts no more.
            let old = try await say(true, #", "proof": "form 11", "given_at": "2024-01-01T00:00:00Z""#)
            #expect(old.status == 201, "\(old)")
            let still = try await api.get("/v1/consents?filter[customer_id]=\(customer.id)&filter[is_current]=true")
            #expect(try still.ids() == latest.ids())
            #expect(try await api.get("/v1/consents?filter[customer_id]=\(customer.id)").ids().count == 3)
            let again = try await api.post("/v1/campaigns/\(campaign.id)/preview")
            #expect(again.body.contains("no_consent"), "\(again)")
            // A client whose clock is fast outlasts nobody who says no a moment later.
            let soon = Date(timeIntervalSinceNow: 240).ISO8601Format()
            #expect(try await say(true, #", "given_at": "\#(soon)""#).status == 201)
            #expect(try await say(false).status == 201)
            let last = try await api.get("/v1/consents?filter[customer_id]=\(customer.id)&filter[is_current]=true")
            #expect(try last.ids().count == 1 && last.value("data/0/is_granted") == .bool(false))
            let refused = try await api.post("/v1/campaigns/\(campaign.id)/preview")
            #expect(refused.body.contains("no_consent"), "\(refused)")
            let future = try await say(true, #", "given_at": "2999-01-01T00:00:00Z""#)
            #expect(try future.errors() == ["/given_at range"])
            let nobody = try await api.post(
                "/v1/consents", #"{"customer_id": "\#(UUID())", "channel": "sms", "is_granted": true}"#)
            #expect(try nobody.errors() == ["/customer_id not_found"])
        }
    }

    @Test func `Of two words at once the later one counts in the log and for campaigns alike`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            for _ in 0..<5 {
                let customer = try await business.customer("Ada")
                func say(_ isGranted: Bool) async throws -> Int {
                    try await api.post(
                        "/v1/consents",
                        #"{"customer_id": "\#(customer.id)", "channel": "email", "is_granted": \#(isGranted)}"#
                    ).status
                }
                async let yes = say(true)
                async let no = say(false)
                #expect(try await [yes, no] == [201, 201])
                let counts = try await business.server.texts(
                    "SELECT is_granted::text FROM crm.consent WHERE customer_id = \(customer.id)")
                let latest = try await api.get(
                    "/v1/consents?filter[customer_id]=\(customer.id)&filter[is_current]=true")
                #expect(try latest.value("data/0/is_granted") == .bool(counts == ["true"]))
            }
        }
    }

    @Test func `A file undoes no refusal, and breaks no tie between people and organisations`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let ada = try await api.addCustomer(#"{"name": "A", "reference": "1"}"#)
            let word = #"{"customer_id": "\#(ada)", "channel": "email", "is_granted": false}"#
            #expect(try await api.post("/v1/consents", word).status == 201)
            func upload(_ file: String) async throws -> Answer { try await fixture.upload(.customers, file) }
            #expect(try await upload("reference,name,consent\n1,A,yes\n").text("state") == "done")
            let latest = try await api.get("/v1/consents?filter[customer_id]=\(ada)&filter[is_current]=true")
            #expect(try latest.value("data/0/is_granted") == .bool(false))
            let company = try await api.addCustomer(#"{"name": "Ltd", "kind": "organisation", "reference": "2"}"#)
            _ = try await api.patch("/v1/customers/\(ada)", #"{"organisation_id": "\#(company)"}"#)
            let broken = try await upload("reference,name,kind\n1,A,organisation\n2,Ltd,person\n")
            let id = try #require(try broken.text("id"))
            let rows = try await api.get("/v1/customers/imports/\(id)/rejected-rows")
            #expect(
                try [rows.text("data/0/errors/0/code"), rows.text("data/1/errors/0/code")] == ["in_use", "in_use"])
        }
    }
}
