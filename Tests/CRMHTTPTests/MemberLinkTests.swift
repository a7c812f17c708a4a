import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// The links by which members choose their passwords, and what they lead to.
@Suite("Links of members")
struct MemberLinkTests {
    private static let form = "application/x-www-form-urlencoded"

    private static func token(_ letter: Letter) throws -> String {
        String(try #require(letter.text.firstMatch(of: /\/m\/([0-9a-z]{52})/)).1)
    }

    /// The mails of the jobs that wait.
    private static func mailed(_ fixture: HTTPFixture) async throws -> [Letter] {
        try await withOutbox { outbox in
            try await withHandlers(on: fixture.business.server, transport: outbox.transport()) { _ in
                try await eventually { try await fixture.business.server.number("SELECT count(*) FROM job.job") == 0 }
            }
            return try outbox.letters()
        }
    }

    private static func invite(_ fixture: HTTPFixture, language: String = "en") async throws -> String {
        let invited = try await fixture.api.post(
            "/v1/members",
            #"{"name": "Sara", "email": "sara@team.example", "roles": ["agent"], "language": "\#(language)"}"#)
        return try #require(try invited.text("id"))
    }

    @Test func `Another invitation ends the one before, and choosing a password ends all`() async throws {
        try await HTTPFixture.with { fixture in
            let id = try await Self.invite(fixture)
            let first = try Self.token(try #require(try await Self.mailed(fixture).first))
            #expect(try await fixture.api.post("/v1/members/\(id)/invite").status == 202)
            let second = try Self.token(try #require(try await Self.mailed(fixture).first))
            let visitor = fixture.with(key: nil)
            #expect(try await visitor.get("/m/\(first)").status == 410)
            let dead = try await visitor.post(
                "/v1/passwords", #"{"token": "\#(first)", "password": "staple and more"}"#)
            #expect(try dead.text("code") == "dead_link")
            #expect(try await visitor.get("/m/\(second)").status == 200)
            let chosen = try await visitor.post(
                "/v1/passwords", #"{"token": "\#(second)", "password": "staple and more"}"#)
            #expect(chosen.status == 204)
            #expect(try await visitor.get("/m/\(second)").status == 410)
        }
    }

    @Test func `Another reset ends the one before, and no more than five an hour are mailed`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.business.member("Mira", roles: [.owner], access: fixture.access)
            let visitor = fixture.with(key: nil)
            var tokens: [String] = []
            for _ in 0..<6 {
                _ = try await visitor.post(
                    "/v1/password-resets", #"{"tenant": "first", "email": "mira@team.example"}"#)
                tokens += try await Self.mailed(fixture).map(Self.token)
            }
            // Those that have ended count as well.
            #expect(tokens.count == 5)
            var statuses: [Int] = []
            for token in tokens { statuses.append(try await visitor.get("/m/\(token)").status) }
            #expect(statuses == [410, 410, 410, 410, 200])
        }
    }

    @Test(arguments: ["fa", "en"])
    func `Mail and page name the business and the short name that signing in needs`(language: String) async throws {
        try await HTTPFixture.with { fixture in
            try await fixture.business.server.run("UPDATE platform.tenant SET name = 'Bazaar Books'")
            _ = try await Self.invite(fixture, language: language)
            let letter = try #require(try await Self.mailed(fixture).first)
            let label = language == "fa" ? "نام کوتاه کسب‌وکار" : "Short name of the business"
            #expect(letter.text.contains("\(label): first"))
            for text in [letter.text, letter.html] {
                for part in [label, "Bazaar Books", "first", "sara@team.example"] {
                    #expect(text.contains(part), "\(part)")
                }
            }
            let visitor = fixture.with(key: nil)
            let path = "/m/\(try Self.token(letter))"
            let page = try await visitor.get(path)
            #expect(page.body.contains(label) && page.body.contains("Bazaar Books"))
            let done = try await visitor.send(
                TestRequest(.post, path, "password=staple+and+more&again=staple+and+more", type: Self.form))
            #expect(done.status == 200)
            for part in [label, "Bazaar Books", "<b>first</b>", "sara@team.example", "/v1/sign-in"] {
                #expect(done.body.contains(part), "\(part)")
            }
        }
    }

    @Test func `The page says what is wrong with a password`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await Self.invite(fixture)
            let letter = try #require(try await Self.mailed(fixture).first)
            let path = "/m/\(try Self.token(letter))"
            let wrong = [
                "short": "too short", "1234567890": "repeats itself", "Password2026!": "most common",
                "sara@team.example": "your own name",
            ]
            for (password, reason) in wrong {
                let body = "password=\(password)&again=\(password)"
                let page = try await fixture.with(key: nil).send(TestRequest(.post, path, body, type: Self.form))
                #expect(page.status == 422 && page.body.contains(reason), "\(password)")
            }
        }
    }

    @Test func `The password that a member has is refused, by the link and by the present one`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let same = Business.password
            let changed = try await fixture.with(key: tokens.accessToken).post(
                "/v1/me/password", #"{"current_password": "\#(same)", "new_password": "\#(same)"}"#)
            #expect(try changed.status == 422 && changed.errors() == ["/new_password unchanged"])
            let link = SecretToken.make(for: fixture.business.context.tenantID)
            try await fixture.business.server.run(
                """
                INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
                VALUES (\(fixture.business.tenantID), \(link.hash), 'password_reset', \(member.id),
                    now() + interval '1 hour')
                """)
            let visitor = fixture.with(key: nil)
            let reset = try await visitor.post(
                "/v1/passwords", #"{"token": "\#(link.text)", "password": "\#(same)"}"#)
            #expect(try reset.status == 422 && reset.errors() == ["/password unchanged"])
            let other = try await visitor.post(
                "/v1/passwords", #"{"token": "\#(link.text)", "password": "staple and more"}"#)
            #expect(other.status == 204)
        }
    }
}
