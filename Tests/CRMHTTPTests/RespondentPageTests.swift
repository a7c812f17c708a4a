import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What a respondent's browser gets.
@Suite("Respondent pages over HTTP")
struct RespondentPageTests {
    private static let form = "application/x-www-form-urlencoded"

    private static func withLink(
        language: String = "en", _ body: @Sendable (HTTPFixture, _ token: String) async throws -> Void
    ) async throws {
        try await HTTPFixture.with { fixture in
            let customers = try await fixture.business.customers(1, language: language)
            let token = try #require(try await fixture.business.tokens(sentTo: customers).first)
            // A browser has no key.
            let browser = HTTPFixture(
                business: fixture.business, api: fixture.with(key: nil), key: fixture.key, access: fixture.access)
            try await body(browser, token.text)
        }
    }

    private static func post(_ path: String, _ form: String, _ fixture: HTTPFixture) async throws -> Answer {
        try await fixture.api.send(TestRequest(.post, path, form, type: Self.form))
    }

    private func expectPage(_ answer: Answer, _ status: Int, _ location: SourceLocation = #_sourceLocation) throws {
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer.headers[.contentType] == "text/html; charset=utf-8", sourceLocation: location)
        #expect(answer.headers[.cacheControl] == "no-store", sourceLocation: location)
        #expect(answer.headers[.xContentTypeOptions] == "nosniff", sourceLocation: location)
        let policy = try #require(answer.headers[.contentSecurityPolicy], sourceLocation: location)
        #expect(
            policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), sourceLocation: location)
        #expect(policy.contains("frame-ancestors 'none'"), sourceLocation: location)
        let referrer = try #require(HTTPField.Name("Referrer-Policy"), sourceLocation: location)
        #expect(answer.headers[referrer] == "no-referrer", sourceLocation: location)
        #expect(answer.headers[.setCookie] == nil, sourceLocation: location)
    }

    @Test func `The link opens the survey with the score that was chosen, and records no answer`() async throws {
        try await Self.withLink { fixture, token in
            let page = try await fixture.api.get("/s/\(token)?score=9")
            try expectPage(page, 200)
            #expect(page.body.contains("value=\"9\" checked>"))
            #expect(page.body.contains("action=\"/s/\(token)\""))
            #expect(page.body.contains("dir=\"ltr\""))
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.response") == 0)
            let capitals = try await fixture.api.get("/s/\(token.uppercased())")
            #expect(capitals.status == 200)
        }
    }

    @Test func `The page is in the customer's language`() async throws {
        try await Self.withLink(language: "fa") { fixture, token in
            let page = try await fixture.api.get("/s/\(token)")
            #expect(page.body.contains("<html lang=\"fa\" dir=\"rtl\">"))
        }
    }

    @Test func `An answer leads to thanks, which offer to change it`() async throws {
        try await Self.withLink { fixture, token in
            let answer = try await Self.post("/s/\(token)", "score=9&comment=Very+good%21", fixture)
            #expect(answer.status == 303)
            let place = try #require(answer.headers[.location])
            let thanks = try await fixture.api.get(place)
            try expectPage(thanks, 200)
            #expect(thanks.body.contains("Thanks") && thanks.body.contains("change=1"))
            let change = try await fixture.api.get("/s/\(token)?change=1")
            #expect(change.body.contains("value=\"9\" checked>") && change.body.contains("Very good!"))
            #expect(try await Self.post("/s/\(token)", "score=2&comment=", fixture).status == 303)

            let api = fixture.with(key: fixture.key)
            let responses = try await api.get("/v1/responses")
            #expect(try responses.list("data").count == 1)
            #expect(try responses.number("data/0/answers/0/score") == 2)
        }
    }

    @Test func `A wrong answer shows the form again with what was written and what is wrong`() async throws {
        try await Self.withLink { fixture, token in
            let page = try await Self.post("/s/\(token)", "score=12&comment=%3Cb%3E", fixture)
            try expectPage(page, 422)
            #expect(page.body.contains("role=\"alert\""))
            #expect(page.body.contains("&lt;b&gt;") && !page.body.contains("<b>&"))
            let empty = try await Self.post("/s/\(token)", "", fixture)
            #expect(empty.status == 422)
        }
    }

    @Test func `A link that leads nowhere gets a kind page in a language of the browser`() async throws {
        try await Self.withLink { fixture, token in
            for path in [
                "/s/x", "/u/x", "/s/\(token.dropLast())\(token.last == "0" ? "4" : "0")",
                "/s/\(String(repeating: "0", count: 52))",
            ] {
                try expectPage(try await fixture.api.get(path), 404)
            }
            let persian = try await fixture.api.get("/s/x", headers: [.acceptLanguage: "fa-IR,en;q=0.5"])
            #expect(persian.body.contains("dir=\"rtl\""))
            try expectPage(try await Self.post("/s/x", "score=9", fixture), 404)
        }
    }

    @Test func `An expired link gets a page that says so`() async throws {
        try await Self.withLink { fixture, token in
            try await fixture.business.server.run("UPDATE crm.invitation SET expires_at = now() - interval '1 second'")
            try expectPage(try await fixture.api.get("/s/\(token)"), 410)
            try expectPage(try await Self.post("/s/\(token)", "score=9", fixture), 410)
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.response") == 0)
        }
    }

    @Test func `A survey of a suspended tenant is closed`() async throws {
        try await Self.withLink { fixture, token in
            try await fixture.business.server.run("UPDATE platform.tenant SET state = 'suspended'")
            try expectPage(try await fixture.api.get("/s/\(token)"), 410)
        }
    }

    @Test func `Unsubscribing is asked for and posted, also by a mail program on its own`() async throws {
        try await Self.withLink { fixture, token in
            let question = try await fixture.api.get("/u/\(token)")
            try expectPage(question, 200)
            #expect(question.body.contains("<form method=\"post\" action=\"/u/\(token)\">"))
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.suppression") == 0)
            try expectPage(try await Self.post("/u/\(token)", "List-Unsubscribe=One-Click", fixture), 200)
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.suppression") == 1)
        }
    }

    @Test func `A form that is too large is refused`() async throws {
        try await Self.withLink { fixture, token in
            let long = String(repeating: "a", count: 300_000)
            let answer = try await Self.post("/s/\(token)", "score=9&comment=\(long)", fixture)
            #expect(answer.status == 413)
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.response") == 0)
        }
    }
}
