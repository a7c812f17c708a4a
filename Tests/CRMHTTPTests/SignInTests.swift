import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Signing in")
struct SignInTests {
    private static func with(
        roles: [Role] = [.owner], _ body: @Sendable (HTTPFixture, _ visitor: TestAPI, Member) async throws -> Void
    ) async throws {
        try await HTTPFixture.with { fixture in
            let member = try await fixture.business.member("Mira", roles: roles, access: fixture.access)
            try await body(fixture, fixture.with(key: nil), member)
        }
    }

    private static func signIn(
        _ api: TestAPI, _ email: String = "mira@team.example", _ password: String = Business.password,
        tenant: String = "first"
    ) async throws -> Answer {
        try await api.post(
            "/v1/sign-in", #"{"tenant": "\#(tenant)", "email": "\#(email)", "password": "\#(password)"}"#)
    }

    private static func refresh(_ api: TestAPI, _ token: String) async throws -> Answer {
        try await api.post("/v1/sign-in/refresh", #"{"refresh_token": "\#(token)"}"#)
    }

    @Test func `A member signs in, works, gets the next pair of tokens and signs out`() async throws {
        try await Self.with { fixture, visitor, member in
            let answer = try await Self.signIn(visitor, "  MIRA@Team.Example ")
            #expect(answer.status == 200 && answer.headers[.cacheControl] == "no-store")
            #expect(try answer.text("token_type") == "Bearer" && answer.number("expires_in") == 900)
            let api = fixture.with(key: try answer.text("access_token"))
            #expect(try await api.get("/v1/me").text("id") == member.id.description)
            #expect(try await api.post("/v1/customers", #"{"name": "Sara"}"#).status == 201)
            let sessions = try await api.get("/v1/me/sessions")
            #expect(try sessions.list("data").count == 1)
            let next = try await Self.refresh(visitor, try #require(try answer.text("refresh_token")))
            #expect(next.status == 200)
            let second = fixture.with(key: try next.text("access_token"))
            #expect(try await second.get("/v1/me").status == 200)
            #expect(try await second.post("/v1/sign-out", "{}").status == 204)
            fixture.access.authenticator.forget(nil)
            for ended in [api, second] { #expect(try await ended.get("/v1/me").status == 401) }
            #expect(try await Self.refresh(visitor, try #require(try next.text("refresh_token"))).status == 401)
        }
    }

    @Test func `A wrong business, address or password is answered alike`() async throws {
        try await Self.with { _, visitor, _ in
            let answers = [
                try await Self.signIn(visitor, tenant: "nobody"), try await Self.signIn(visitor, "nobody@team.example"),
                try await Self.signIn(visitor, "mira@team.example", "wrong horse battery"),
            ]
            for answer in answers {
                #expect(answer.status == 401)
                #expect(try answer.text("code") == "wrong_credentials")
                #expect(try answer.text("detail") == answers[0].text("detail"))
                #expect(Set(answer.headers.map(\.name)) == Set(answers[0].headers.map(\.name)))
            }
        }
    }

    @Test func `A refresh token that is used twice ends the session, whoever has the newer one`() async throws {
        try await Self.with { fixture, visitor, _ in
            let answer = try await Self.signIn(visitor)
            let stolen = try #require(try answer.text("refresh_token"))
            let mine = try await Self.refresh(visitor, stolen)
            #expect(mine.status == 200)
            #expect(try await Self.refresh(visitor, stolen).status == 401)
            #expect(try await Self.refresh(visitor, try #require(try mine.text("refresh_token"))).status == 401)
            fixture.access.authenticator.forget(nil)
            let api = fixture.with(key: try mine.text("access_token"))
            #expect(try await api.get("/v1/me").status == 401)
            let stolenEvents = try await fixture.business.server.number(
                "SELECT count(*) FROM crm.event WHERE action = 'session.stolen'")
            #expect(stolenEvents == 1)
        }
    }

    @Test func `Of many that use a refresh token at once one gets the next pair at most`() async throws {
        try await Self.with { _, visitor, _ in
            let token = try #require(try await Self.signIn(visitor).text("refresh_token"))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await Self.refresh(visitor, token).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 401 }.count == 7)
        }
    }

    @Test(arguments: ["mira@team.example", "nobody@team.example"])
    func `After five wrong passwords an address has to wait, whether anybody has it or not`(email: String) async throws
    {
        try await Self.with { fixture, visitor, _ in
            // All at once: what is under way counts.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { try await Self.signIn(visitor, email, "wrong horse").status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 401 }.count == 5)
            #expect(statuses.filter { $0 == 429 }.count == 7)
            // The wait that was set begins now: on a busy machine the twelve may have taken all of it.
            try await fixture.business.server.run(
                "UPDATE crm.sign_in_failure SET locked_until = now() + interval '15 seconds' WHERE locked_until IS NOT NULL"
            )
            let right = try await Self.signIn(visitor, email)
            #expect(right.status == 429)
            #expect(try right.text("code") == "locked_out")
            #expect(Int(right.headers[.retryAfter] ?? "") ?? 0 >= 1)
            // The time passes.
            try await fixture.business.server.run("UPDATE crm.sign_in_failure SET locked_until = now()")
            #expect(try await Self.signIn(visitor, email).status == (email.hasPrefix("mira") ? 200 : 401))
            let wait = try await fixture.business.server.number("SELECT count(*) FROM crm.sign_in_failure")
            #expect(wait == (email.hasPrefix("mira") ? 0 : 1))
        }
    }

    @Test func `However an address is written, its attempts count together`() async throws {
        try await Self.with { _, visitor, _ in
            let spellings = [
                "mira@team.example", "MIRA@team.example", "mi\u{00AD}ra@team.example", " m\u{200C}ira@team.example",
            ]
            for number in 0..<5 {
                let answer = try await Self.signIn(visitor, spellings[number % spellings.count], "wrong horse")
                #expect(answer.status == 401)
            }
            for spelling in spellings { #expect(try await Self.signIn(visitor, spelling).status == 429) }
        }
    }

    @Test func `A business that is not there locks out like one that is`() async throws {
        try await Self.with { _, visitor, _ in
            var statuses: [Int] = []
            for _ in 0..<6 { statuses.append(try await Self.signIn(visitor, tenant: "nobody").status) }
            #expect(statuses == [401, 401, 401, 401, 401, 429])
        }
    }

    @Test func `Each further wrong password makes the wait twice as long, up to a quarter of an hour`() async throws {
        try await Self.with { fixture, visitor, _ in
            var waits: [Int] = []
            for _ in 0..<12 {
                _ = try await Self.signIn(visitor, "mira@team.example", "wrong horse")
                waits.append(
                    Int(
                        try await fixture.business.server.number(
                            "SELECT round(extract(epoch FROM locked_until - failed_at))::int8 FROM crm.sign_in_failure")
                    ))
                try await fixture.business.server.run("UPDATE crm.sign_in_failure SET locked_until = now()")
            }
            #expect(waits == [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900])
        }
    }

    @Test func `Another password ends every other session and needs the present one`() async throws {
        try await Self.with { fixture, visitor, _ in
            let first = fixture.with(key: try await Self.signIn(visitor).text("access_token"))
            let second = fixture.with(key: try await Self.signIn(visitor).text("access_token"))
            let wrong = try await second.post(
                "/v1/me/password", #"{"current_password": "not it at all", "new_password": "staple and more"}"#)
            #expect(try wrong.status == 422 && wrong.errors() == ["/current_password wrong"])
            let weak = try await second.post(
                "/v1/me/password", #"{"current_password": "\#(Business.password)", "new_password": "aaaaaaaaaaaa"}"#)
            #expect(try weak.status == 422 && weak.errors() == ["/new_password repetitive"])
            let changed = try await second.post(
                "/v1/me/password", #"{"current_password": "\#(Business.password)", "new_password": "staple and more"}"#)
            #expect(changed.status == 204)
            fixture.access.authenticator.forget(nil)
            #expect(try await first.get("/v1/me").status == 401)
            #expect(try await second.get("/v1/me").status == 200)
            #expect(try await Self.signIn(visitor).status == 401)
            #expect(try await Self.signIn(visitor, "mira@team.example", "staple and more").status == 200)
        }
    }

    @Test func `A key cannot do what only members do`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.get("/v1/me")
            #expect(try answer.status == 403 && answer.text("code") == "members_only")
            #expect(try await fixture.with(key: nil).get("/v1/me").status == 401)
        }
    }

    @Test func `A password that is stored at another cost is hashed anew when its member signs in`() async throws {
        try await Self.with { fixture, visitor, _ in
            let strong = try await AccessControl(database: fixture.business.database, cost: .standard)
            try await TestAPI.with(fixture.business.server, access: strong) { api in
                let answer = try await Self.signIn(api)
                #expect(answer.status == 200)
            }
            let hash = try await fixture.business.server.texts("SELECT hash FROM crm.member_password")[0]
            #expect(hash.hasPrefix("$scrypt$ln=15,r=8,p=3$"))
            #expect(try await Self.signIn(visitor).status == 200)
        }
    }
}
