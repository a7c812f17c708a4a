import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What happens with customers, and what everybody sees of it.
@Suite("Timelines")
struct TimelineTests {
    /// A member of each item of a list.
    private static func texts(_ member: String, _ answer: Answer, _ list: String) throws -> [String] {
        try answer.list(list).indices.compactMap { try answer.text("\(list)/\($0)/\(member)") }
    }

    @Test func `What happened is noted, corrected and found by who dealt with it`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let service = try await business.record(DepartmentValues(name: "Service")).id
            let made = try await api.post(
                "/v1/interactions",
                """
                {"customer_id": "\(customer)", "kind": "call", "direction": "inbound", "channel": "phone",
                 "happened_at": "2026-03-01T08:00:00Z", "subject": "wet parcel", "department_id": "\(service)",
                 "is_open": true, "due_at": "2026-03-02T08:00:00Z"}
                """)
            #expect(made.status == 201, "\(made)")
            let id = try #require(try made.text("id"))
            let note = try await api.post(
                "/v1/interactions", #"{"customer_id": "\#(customer)", "kind": "note", "body": "likes poetry"}"#)
            #expect(try note.text("happened_at") != nil)
            for (filter, count) in [
                ("customer_id]=\(customer)", 2), ("department_id]=\(service)", 1), ("kind]=note", 1),
                ("is_open]=true", 1), ("is_open]=false", 1), ("channel][in]=phone,web", 1),
                ("happened_at][gte]=2026-03-01T08:00:00Z", 2), ("happened_at][lt]=2026-03-01T08:00:01Z", 1),
            ] {
                #expect(try await api.get("/v1/interactions?filter[\(filter)").ids().count == count, "\(filter)")
            }
            #expect(try await api.get("/v1/interactions").ids().last == id)
            let closed = try await api.patch(
                "/v1/interactions/\(id)", #"{"is_open": false, "outcome": "sent again", "satisfaction": 5}"#)
            #expect(try closed.status == 200 && closed.number("satisfaction") == 5)
            #expect(try closed.text("happened_at") == "2026-03-01T08:00:00.000000Z")
            #expect(try await api.patch("/v1/interactions/\(id)", #"{"happened_at": null}"#).status == 422)
            #expect(try await api.delete("/v1/interactions/\(id)").status == 204)
            #expect(try await api.get("/v1/interactions").ids().count == 1)
        }
    }

    @Test func `Everything that is wrong with an interaction is told at once`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let bad = try await api.post(
                "/v1/interactions",
                #"{"customer_id": "\#(UUID())", "kind": "note", "satisfaction": 6, "duration_seconds": -1, "due_at": "x"}"#
            )
            #expect(
                try Set(bad.errors()) == [
                    "/satisfaction range", "/duration_seconds range", "/due_at invalid", "/body required",
                ])
            let lost = try await api.post(
                "/v1/interactions",
                """
                {"customer_id": "\(UUID())", "kind": "call", "department_id": "\(UUID())", "member_id": "\(UUID())",
                 "touchpoint_id": "\(UUID())"}
                """)
            #expect(
                try Set(lost.errors()) == [
                    "/customer_id not_found", "/department_id not_found", "/member_id not_found",
                    "/touchpoint_id not_found",
                ])
        }
    }

    @Test func `A timeline has what every department did, newest first, page by page`() async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            let access = try await filled.business.access()
            try await TestAPI.with(server, access: access) { api in
                var api = api
                api.key = filled.secret
                let path = "/v1/customers/\(filled.customer.id)/timeline"
                let all = try await api.get("\(path)?limit=200")
                #expect(
                    Set(try Self.texts("kind", all, "data")) == [
                        "call", "order", "return", "invitation", "survey", "stage_change", "consent",
                    ])
                let times = try Self.texts("happened_at", all, "data")
                #expect(times == times.sorted(by: >))
                var (walked, cursor) = ([String](), "")
                while true {
                    let page = try await api.get("\(path)?limit=1\(cursor)")
                    walked += try page.ids()
                    guard let next = try page.text("next_cursor") else { break }
                    cursor = "&cursor=\(next)"
                }
                #expect(try walked == all.ids())
                let calls = try await api.get("\(path)?filter[kind]=call")
                #expect(try calls.ids() == [filled.interaction.id.description])
                let service = try await api.get("\(path)?filter[department_id]=\(filled.department.id)")
                #expect(try Self.texts("kind", service, "data") == ["call", "return", "order"], "\(service)")
                let ofService = [filled.interaction.id.description, filled.order.id.description]
                #expect(try [service.ids().first, service.ids().last] == ofService)
                let sold = try await api.get("\(path)?filter[member_id]=\(filled.member.id)")
                #expect(Set(try Self.texts("kind", sold, "data")) == ["call", "order", "return"], "\(sold)")
                #expect(try sold.ids().count == 3)
                // What a member did of whom it is known, not what the customer answered.
                let (actor, tokens) = try await filled.business.signedIn(as: [.owner], named: "Nima", access: access)
                var nima = api
                nima.key = tokens.accessToken
                let word = #"{"customer_id": "\#(filled.customer.id)", "channel": "sms", "is_granted": true}"#
                let said = try await nima.post("/v1/consents", word)
                #expect(said.status == 201, "\(said)")
                _ = try await nima.patch("/v1/customers/\(filled.customer.id)", #"{"stage": "lost"}"#)
                let done = try await api.get("\(path)?filter[member_id]=\(actor.id)")
                #expect(try Self.texts("kind", done, "data") == ["stage_change", "consent"])
                #expect(try await api.get("\(path)?filter[kind]=ticket").ids() == [])
                #expect(try await api.get("\(path)?filter[happened_at][lt]=2020-01-01T00:00:00Z").ids() == [])
                #expect(try await api.get("/v1/customers/\(UUID())/timeline").status == 404)
            }
        }
    }

    @Test func `Whoever has the customer before them sees the whole picture, as far as they may`() async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            let (_, narrow) = try await APIKeyService(database: filled.business.database).create(
                filled.business.context, name: "narrow", scopes: [.customersRead])
            try await TestAPI.with(server) { api in
                var api = api
                api.key = filled.secret
                let path = "/v1/customers/\(filled.customer.id)/overview"
                let whole = try await api.get(path)
                #expect(whole.status == 200, "\(whole)")
                #expect(try whole.text("customer/id") == filled.customer.id.description)
                #expect(try whole.text("purchases/0/amount/amount") == "15.5" && whole.number("purchases/0/count") == 2)
                #expect(try whole.number("answers/0/score") == 9 && whole.text("answers/0/metric") == "nps")
                #expect(try whole.list("segments").count == 2)
                #expect(try whole.text("open_matters/0/id") == filled.interaction.id.description)
                #expect(try whole.value("consents/0/is_granted") == .bool(true))
                #expect(try whole.list("timeline").count >= 7)
                api.key = narrow
                let part = try await api.get(path)
                #expect(part.status == 200, "\(part)")
                #expect(try part.text("customer/id") == filled.customer.id.description)
                for member in ["purchases", "answers", "segments", "open_matters"] {
                    #expect(try part.list(member) == [], "\(member)")
                }
                #expect(Set(try Self.texts("kind", part, "timeline")) == ["stage_change", "consent"])
                #expect(try await api.get("/v1/customers/\(UUID())/overview").status == 404)
            }
        }
    }
}
