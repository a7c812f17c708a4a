import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Settings over HTTP")
struct SettingsTests {
    @Test func `A patch changes what it names, and the version with it`() async throws {
        try await HTTPFixture.with { fixture in
            let before = try await fixture.api.get("/v1/settings")
            #expect(before.status == 200 && before.headers[.eTag] == "\"1\"")
            #expect(
                try before.list("working_days").map { $0 }
                    == ["saturday", "sunday", "monday", "tuesday", "wednesday"].map { .string($0) })
            let changed = try await fixture.api.patch(
                "/v1/settings",
                #"{"name": "کتاب بازار", "calendar": "gregorian", "working_days": ["monday", "friday"], "reply_to": "a@b.example", "minimum_answers": 9}"#,
                headers: [.ifMatch: "\"1\""])
            #expect(changed.status == 200 && changed.headers[.eTag] == "\"2\"")
            let after = try await fixture.api.get("/v1/settings")
            #expect(try after.value() == changed.value())
            #expect(try after.text("name") == "کتاب بازار" && after.text("calendar") == "gregorian")
            #expect(try after.text("reply_to") == "a@b.example" && after.number("minimum_answers") == 9)
            #expect(try after.list("working_days") == [.string("monday"), .string("friday")])
            #expect(try after.text("currency") == before.text("currency"))
            let removed = try await fixture.api.patch("/v1/settings", #"{"reply_to": null}"#)
            #expect(try removed.value("reply_to") == .null)
            #expect(try await fixture.api.patch("/v1/settings", "{}", headers: [.ifMatch: "\"1\""]).status == 412)
            #expect(try await fixture.api.get("/v1/settings", headers: [.ifNoneMatch: "\"3\""]).status == 304)
            #expect(
                try await fixture.business.server.number(
                    "SELECT count(*) FROM crm.event WHERE action = 'settings.updated'") == 2)
        }
    }

    @Test func `Every value that is not allowed is named`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.patch(
                "/v1/settings",
                """
                {"locale": "Persian", "time_zone": "Tehran", "currency": "Rial", "sender_name": "a\\nb", "sender_address": "me",
                 "quarantine_days": -1, "working_days": ["monday", "monday"], "allowed_origins": ["https://a.example/", "*"],
                 "requests_per_second": 0, "calendar": null}
                """)
            #expect(answer.status == 422)
            #expect(
                Set(try answer.errors()) == [
                    "/locale invalid", "/time_zone unknown", "/currency invalid", "/sender_name invalid",
                    "/sender_address invalid", "/quarantine_days range", "/working_days duplicate",
                    "/allowed_origins/0 invalid", "/allowed_origins/1 invalid", "/requests_per_second range",
                    "/calendar required",
                ])
        }
    }

    @Test func `Settings are read and written by their own scopes`() async throws {
        try await HTTPFixture.with { fixture in
            let reader = fixture.with(key: try await HTTPFixture.makeKey(fixture.business, scopes: [.settingsRead]))
            #expect(try await reader.get("/v1/settings").status == 200)
            #expect(try await reader.patch("/v1/settings", "{}").status == 403)
        }
    }
}
