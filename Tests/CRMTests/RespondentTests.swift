import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Respondents")
struct RespondentTests {
    /// Lends a business that has sent one customer a survey, and the token of the link.
    private static func withInvitation(_ body: (Business, SecretToken) async throws -> Void) async throws {
        try await Business.with { business in
            let tokens = try await business.tokens(sentTo: try await business.customers(1, language: "en"))
            try await body(business, try #require(tokens.first))
        }
    }

    private static func submit(
        _ values: [String: String], _ token: SecretToken, _ business: Business
    ) async throws -> RespondentService.Submission {
        try await business.respondents.submit(token, values, requestID: nil)
    }

    private static func answers(_ business: Business) async throws -> [String] {
        try await business.server.texts(
            "SELECT a.question_id || ' ' || coalesce(a.score::text, a.comment) FROM crm.answer a ORDER BY 1")
    }

    private static func state(_ business: Business) async throws -> [String] {
        try await business.server.texts("SELECT i.state FROM crm.invitation i")
    }

    @Test func `Opening a link records that it was opened, once, and nothing else`() async throws {
        try await Self.withInvitation { business, token in
            let before = try await business.server.digests()
            let questionnaire = try await business.respondents.open(token, requestID: nil)
            #expect(questionnaire.state == .open)
            #expect(questionnaire.language == "en" && questionnaire.tenantName == "first")
            let after = try await business.server.digests()
            #expect(differences(before, after) == ["crm.invitation"])
            #expect(try await Self.state(business) == ["sent"])
            #expect(
                try await business.server.number(
                    "SELECT count(*) FROM crm.invitation WHERE opened_at IS NOT NULL AND responded_at IS NULL") == 1)
            _ = try await business.respondents.open(token, requestID: nil)
            #expect(differences(after, try await business.server.digests()) == [])
        }
    }

    @Test func `An answer is recorded with its words and may be changed for a day`() async throws {
        try await Self.withInvitation { business, token in
            guard
                case .recorded(let thanks) = try await Self.submit(
                    ["score": "9", "comment": " Good "], token, business)
            else {
                Issue.record("the answer was not recorded")
                return
            }
            guard case .answered(let until) = thanks.state else {
                Issue.record("the questionnaire is \(thanks.state)")
                return
            }
            #expect(abs(until.timeIntervalSinceNow - 24 * 3600) < 600)
            #expect(try await Self.answers(business) == ["comment Good", "score 9"])
            #expect(try await Self.state(business) == ["responded"])
            let first = try await business.server.texts("SELECT id || ' ' || submitted_at FROM crm.response")

            let reopened = try await business.respondents.open(token, requestID: nil)
            #expect(reopened.answers.first { $0.questionID == "score" }?.score == 9)
            _ = try await Self.submit(["score": "3"], token, business)
            #expect(try await Self.answers(business) == ["score 3"])
            #expect(try await business.server.texts("SELECT id || ' ' || submitted_at FROM crm.response") == first)
        }
    }

    @Test func `After a day the answer is final`() async throws {
        try await Self.withInvitation { business, token in
            _ = try await Self.submit(["score": "9"], token, business)
            try await business.server.run("UPDATE crm.response SET submitted_at = now() - interval '24 hours 1 second'")
            let before = try await business.server.digests()
            guard case .refused(let questionnaire) = try await Self.submit(["score": "1"], token, business) else {
                Issue.record("a final answer was changed")
                return
            }
            #expect(questionnaire.state == .closed)
            #expect(differences(before, try await business.server.digests()) == [])
        }
    }

    @Test func `An invitation whose time is over takes no answer, but one that was given may still be changed`()
        async throws
    {
        try await Self.withInvitation { business, token in
            try await business.server.run("UPDATE crm.invitation SET expires_at = now() - interval '1 second'")
            guard case .refused(let questionnaire) = try await Self.submit(["score": "1"], token, business) else {
                Issue.record("an expired invitation was answered")
                return
            }
            #expect(questionnaire.state == .expired)
            #expect(try await Self.answers(business) == [])

            try await business.server.run("UPDATE crm.invitation SET expires_at = now() + interval '1 day'")
            _ = try await Self.submit(["score": "1"], token, business)
            try await business.server.run("UPDATE crm.invitation SET expires_at = now() - interval '1 second'")
            _ = try await Self.submit(["score": "2"], token, business)
            #expect(try await Self.answers(business) == ["score 2"])
        }
    }

    @Test func `A token that nobody was sent, or of another tenant, finds nothing`() async throws {
        try await Self.withInvitation { business, token in
            let other = try await Business(in: business.server, slug: "second")
            let stranger = SecretToken.make(for: other.context.tenantID)
            let swapped = try #require(SecretToken(stranger.text.prefix(26) + token.text.suffix(26)))
            for wrong in [SecretToken.make(for: business.context.tenantID), stranger, swapped] {
                await #expect(throws: ServiceError.notFound("invitation")) {
                    _ = try await business.respondents.open(wrong, requestID: nil)
                }
                await #expect(throws: ServiceError.notFound("invitation")) {
                    _ = try await Self.submit(["score": "9"], wrong, business)
                }
                await #expect(throws: ServiceError.notFound("invitation")) {
                    _ = try await business.respondents.unsubscribe(wrong, requestID: nil)
                }
            }
            #expect(try await Self.state(business) == ["sent"])
        }
    }

    @Test(
        "An answer that is missing, no option or too long is told, and nothing is recorded",
        arguments: [
            (["comment": "Why"], ["score": RespondentService.Problem.missing]),
            (["score": "  "], ["score": .missing]),
            (["score": "11"], ["score": .notAnOption]),
            (["score": "-1"], ["score": .notAnOption]),
            (["score": "9.5"], ["score": .notAnOption]),
            (["score": "9' OR 1=1"], ["score": .notAnOption]),
            (["score": "x", "comment": "a\u{0}b"], ["score": .notAnOption, "comment": .tooLong]),
        ])
    func refusesBadAnswers(values: [String: String], expected: [String: RespondentService.Problem]) async throws {
        try await Self.withInvitation { business, token in
            let before = try await business.server.digests()
            guard case .rejected(_, let problems) = try await Self.submit(values, token, business) else {
                Issue.record("a bad answer was recorded")
                return
            }
            #expect(problems == expected)
            #expect(differences(before, try await business.server.digests()) == [])
        }
    }

    @Test func `The longest words that are allowed are kept whole, and fields that are not asked are left out`()
        async throws
    {
        try await Self.withInvitation { business, token in
            let words = String(repeating: "ا", count: 3998) + "\r\nb"
            guard
                case .rejected(_, ["comment": .tooLong]) = try await Self.submit(
                    ["score": "0", "comment": words + "c"], token, business)
            else {
                Issue.record("too long a comment was recorded")
                return
            }
            _ = try await Self.submit(["score": "0", "comment": words, "other": "x"], token, business)
            #expect(try await Self.answers(business) == ["comment " + words.replacing("\r\n", with: "\n"), "score 0"])
        }
    }

    @Test func `Answers that are sent twice at once make one response`() async throws {
        try await Self.withInvitation { business, token in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { _ = try await Self.submit(["score": "\(number)"], token, business) }
                }
                try await group.waitForAll()
            }
            #expect(try await business.server.number("SELECT count(*) FROM crm.response") == 1)
            #expect(try await Self.answers(business).count == 1)
            #expect(try await business.server.number("SELECT version FROM crm.response") == 8)
        }
    }

    @Test func `Unsubscribing declines consent and suppresses the address, and doing it twice changes nothing`()
        async throws
    {
        try await Self.withInvitation { business, token in
            _ = try await business.respondents.unsubscribe(token, requestID: nil)
            #expect(
                try await business.server.texts("SELECT channel || ' ' || is_granted || ' ' || source FROM crm.consent")
                    == ["email false unsubscribe"])
            #expect(
                try await business.server.texts("SELECT address_key || ' ' || reason FROM crm.suppression")
                    == ["customer.0@mail.example unsubscribe"])
            _ = try await business.respondents.unsubscribe(token, requestID: nil)
            #expect(try await business.server.number("SELECT count(*) FROM crm.suppression") == 1)

            try await business.setQuarantine(days: 0)
            let customer = try await business.customers.list(business.context, CustomerFilter(), PageRequest()).items
            let next = try await business.planned("Next", to: customer)
            #expect(next.ledger.excludedReasons == ["no_consent": 1])
        }
    }

    @Test func `An answer that comes before its sending was recorded stays`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(2))
            let transport = ScriptedTransport { mail, _ in
                guard let token = SecretToken(mail.token) else { return }
                _ = try await Self.submit(["score": "10"], token, business)
            }
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["responded", "responded"])
            let found = try await business.campaigns.find(business.context, campaign.id)
            #expect(found.ledger.counts.sent == 2 && found.ledger.counts.responded == 2)
            #expect(found.state == .finished)
        }
    }

    @Test func `The pages of a suspended tenant are closed, but one may still unsubscribe`() async throws {
        try await Self.withInvitation { business, token in
            try await business.server.run("UPDATE platform.tenant SET state = 'suspended'")
            await #expect(throws: ServiceError.tenantSuspended(forErasure: false)) {
                _ = try await business.respondents.open(token, requestID: nil)
            }
            await #expect(throws: ServiceError.tenantSuspended(forErasure: false)) {
                _ = try await Self.submit(["score": "9"], token, business)
            }
            _ = try await business.respondents.unsubscribe(token, requestID: nil)
            #expect(try await business.server.number("SELECT count(*) FROM crm.suppression") == 1)
        }
    }
}
