import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Members")
struct MemberTests {
    private static let form = "application/x-www-form-urlencoded"

    /// What stands behind the last slash of the link in a member's mail.
    private static func token(_ letter: Letter) throws -> String {
        String(try #require(letter.text.firstMatch(of: /\/m\/([0-9a-z]{52})/)).1)
    }

    @Test(arguments: ["fa", "en"])
    func `An invitation is mailed in the member's language, and its link chooses a password once`(
        language: String
    ) async throws {
        try await HTTPFixture.with { fixture in
            let invited = try await fixture.api.post(
                "/v1/members",
                #"{"name": "سارا Rezaei", "email": "Sara@team.example", "roles": ["agent"], "language": "\#(language)"}"#
            )
            #expect(invited.status == 201)
            #expect(try invited.value("joined_at") == .null)
            let letters = try await withOutbox { outbox in
                try await withHandlers(on: fixture.business.server, transport: outbox.transport()) { _ in
                    try await eventually { try !outbox.letters().isEmpty }
                }
                return try outbox.letters()
            }
            let letter = try #require(letters.first)
            #expect(letters.count == 1 && letter.recipient == "Sara@team.example")
            #expect(letter.html.contains(#"dir="\#(language == "fa" ? "rtl" : "ltr")""#))
            #expect(letter.text.contains(language == "fa" ? "هفت روز" : "seven days"))
            let token = try Self.token(letter)
            let browser = fixture.with(key: nil)
            let path = "/m/\(token)"
            // Mail scanners open it as often as they like.
            for _ in 0..<3 {
                let page = try await browser.get(path)
                #expect(page.status == 200 && page.body.contains("Sara@team.example"))
                #expect(page.body.contains(#"lang="\#(language)""#))
            }
            func post(_ password: String, _ again: String) async throws -> Answer {
                try await browser.send(
                    TestRequest(.post, path, "password=\(password)&again=\(again)", type: Self.form))
            }
            #expect(try await post("correct+horse+battery", "another+horse+battery").status == 422)
            #expect(try await post("short", "short").status == 422)
            let done = try await post("correct+horse+battery", "correct+horse+battery")
            #expect(done.status == 200 && !done.body.contains("<form"))
            #expect(try await post("correct+horse+battery", "correct+horse+battery").status == 410)
            #expect(try await browser.get(path).status == 410)
            let tokens = try await fixture.business.signIn(email: "sara@team.example", access: fixture.access)
            #expect(tokens.member.roles == [.agent] && tokens.member.joinedAt != nil)
        }
    }

    @Test func `A reset is mailed to members only, and says nothing to anybody else`() async throws {
        try await HTTPFixture.with { fixture in
            let (_, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let visitor = fixture.with(key: nil)
            let answers = [
                try await visitor.post("/v1/password-resets", #"{"tenant": "first", "email": "mira@team.example"}"#),
                try await visitor.post("/v1/password-resets", #"{"tenant": "first", "email": "nobody@team.example"}"#),
                try await visitor.post("/v1/password-resets", #"{"tenant": "nobody", "email": "mira@team.example"}"#),
            ]
            for answer in answers { #expect(answer.status == 204 && answer.body.isEmpty) }
            let letters = try await withOutbox { outbox in
                try await withHandlers(on: fixture.business.server, transport: outbox.transport()) { _ in
                    try await eventually {
                        try await fixture.business.server.number("SELECT count(*) FROM job.job") == 0
                    }
                }
                return try outbox.letters()
            }
            // The invitation of before, whose job waited, is of no use to a member who has joined.
            #expect(letters.map(\.recipient) == ["mira@team.example"])
            let reset = try #require(letters.first { $0.text.contains("one hour") })
            let token = try Self.token(reset)
            let weak = try await visitor.post("/v1/passwords", #"{"token": "\#(token)", "password": "1111111111"}"#)
            #expect(try weak.errors() == ["/password repetitive"])
            let body = #"{"token": "\#(token)", "password": "staple and more"}"#
            #expect(try await visitor.post("/v1/passwords", body).status == 204)
            let again = try await visitor.post("/v1/passwords", body)
            #expect(try again.status == 410 && again.text("code") == "dead_link")
            // All sessions have gone with it.
            for letter in letters {
                #expect(try await visitor.get("/m/\(Self.token(letter))").status == 410)
            }
            fixture.access.authenticator.forget(nil)
            #expect(try await fixture.with(key: tokens.accessToken).get("/v1/me").status == 401)
            _ = try await fixture.business.signIn(
                email: "mira@team.example", password: "staple and more", access: fixture.access)
        }
    }

    @Test func `A link that has ended or is of another purpose opens nothing`() async throws {
        try await HTTPFixture.with { fixture in
            let member = try await fixture.business.member("Mira", roles: [.owner], access: fixture.access)
            let customers = try await fixture.business.customers(1)
            let survey = try #require(try await fixture.business.tokens(sentTo: customers).first)
            let tokens = try await fixture.business.signIn(email: member.email, access: fixture.access)
            let expired = SecretToken.make(for: fixture.business.context.tenantID)
            try await fixture.business.server.run(
                """
                INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
                VALUES (\(fixture.business.tenantID), \(expired.hash), 'password_reset', \(member.id), now())
                """)
            let visitor = fixture.with(key: nil)
            for token in [survey.text, expired.text, String(tokens.refreshToken.dropFirst(4)), "x"] {
                let answer = try await visitor.post(
                    "/v1/passwords", #"{"token": "\#(token)", "password": "staple and more"}"#)
                #expect(try answer.text("code") == "dead_link")
                #expect(try await visitor.get("/m/\(token)").status == 410)
                #expect(
                    try await visitor.post("/v1/sign-in/refresh", #"{"refresh_token": "mhr_\#(token)"}"#).status
                        == (token == String(tokens.refreshToken.dropFirst(4)) ? 200 : 401))
            }
        }
    }

    @Test func `A member who is removed is out at once, and the address is free again`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.manager], access: fixture.access)
            let api = fixture.with(key: tokens.accessToken)
            #expect(try await api.get("/v1/customers").status == 200)
            #expect(try await fixture.api.send(TestRequest(.delete, "/v1/members/\(member.id)")).status == 204)
            #expect(try await fixture.api.send(TestRequest(.delete, "/v1/members/\(member.id)")).status == 404)
            fixture.access.authenticator.forget(nil)
            #expect(try await api.get("/v1/customers").status == 401)
            await #expect(throws: ServiceError.unauthenticated(.wrong)) {
                try await fixture.business.signIn(email: member.email, access: fixture.access)
            }
            let again = try await fixture.api.post(
                "/v1/members", #"{"name": "Mira", "email": "MIRA@team.example", "roles": ["viewer"]}"#)
            #expect(again.status == 201)
            let twice = try await fixture.api.post(
                "/v1/members", #"{"name": "Mira", "email": "mira@TEAM.example", "roles": ["viewer"]}"#)
            #expect(try twice.status == 409 && twice.text("code") == "email_taken")
        }
    }

    @Test func `Everything that is wrong with a new member is told at once`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.post(
                "/v1/members", #"{"name": " ", "email": "nobody", "roles": [], "language": "english", "admin": true}"#)
            #expect(
                Set(try answer.errors()) == [
                    "/name length", "/email invalid", "/roles length", "/language invalid", "/admin unknown",
                ])
            let role = try await fixture.api.post(
                "/v1/members", #"{"name": "A", "email": "a@team.example", "roles": ["king"]}"#)
            #expect(try role.errors() == ["/roles/0 unknown"])
        }
    }
}
