import CRM
import Foundation
import Mail
import TestSupport
import Testing

/// What a recipient's mail program gets.
@Suite("Sent mail")
struct SentMailTests {
    private func letters(_ languages: [String]) async throws -> [Letter] {
        try await Business.with { business in
            var customers: [Customer] = []
            for (number, language) in languages.enumerated() {
                customers.append(try await business.customer("Customer \(number)", language: language))
            }
            _ = try await business.planned(to: customers)
            return try await withOutbox { outbox in
                try await business.send(outbox.transport())
                return try outbox.letters().sorted { $0.recipient < $1.recipient }
            }
        }
    }

    @Test func `A message has the links, and can be unsubscribed from with one click`() async throws {
        let letter = try #require(try await letters(["en"]).first)
        let survey = "\(Business.publicURL)/s/\(letter.token)"
        let unsubscribe = "\(Business.publicURL)/u/\(letter.token)"
        #expect(SecretToken(letter.token) != nil)
        #expect(letter.headers["List-Unsubscribe"] == "<\(unsubscribe)>")
        #expect(letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click")
        let lines = letter.text.split(separator: "\r\n").flatMap { $0.split(separator: "\n") }
        #expect(lines.count { $0 == survey } == 1)
        #expect(lines.count { $0 == unsubscribe } == 1)
        let scores = letter.html.matches(of: /\?score=(\d+)"/).map { String($0.1) }
        #expect(scores == (0...10).map(String.init))
        #expect(letter.html.contains("href=\"\(survey)?score=9\""))
        #expect(letter.html.contains("href=\"\(unsubscribe)\""))
    }

    @Test func `A message names its sender, its recipient and itself`() async throws {
        let letter = try #require(try await letters(["en"]).first)
        #expect(letter.headers["From"]?.contains("survey@first.example") == true)
        #expect(letter.headers["To"]?.contains("customer.0@mail.example") == true)
        #expect(letter.headers["Subject"] == "Your opinion")
        #expect(letter.headers["Message-ID"] == "<\(letter.invitation)@first.example>")
        #expect(letter.headers["Return-Path"] == "<survey@first.example>")
        #expect(letter.headers["Auto-Submitted"] == "auto-generated")
        #expect(letter.headers["Content-Type"]?.hasPrefix("multipart/alternative") == true)
    }

    @Test func `Everybody is written to in the own language where the survey speaks it, else in its default`()
        async throws
    {
        let letters = try await letters(["fa", "en", "de"])
        #expect(letters[0].html.contains("dir=\"rtl\"") && letters[0].text.contains("سلام"))
        #expect(letters[1].html.contains("dir=\"ltr\"") && letters[1].text.contains("Hello"))
        #expect(letters[2].html.contains("dir=\"ltr\"") && letters[2].text.contains("Hello"))
    }

    @Test func `Each recipient has a token of the own`() async throws {
        let letters = try await letters(["en", "en", "fa"])
        #expect(Set(letters.map(\.token)).count == 3)
    }
}
