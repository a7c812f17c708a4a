import Foundation
import TestSupport
import Testing

/// Requests that are made to cost more than they may.
@Suite("Hostile requests")
struct HostileRequestTests {
    @Test func `A body that is made to be expensive is refused at little cost`() async throws {
        try await HTTPFixture.with { fixture in
            let name = String(repeating: "a", count: 400_000)
            let zeros = Array(repeating: #""\u0000""#, count: 19_000).joined(separator: ",")
            let languages = (0..<9_000).map { "\"l\($0)\": 1" }.joined(separator: ",")
            let bodies = [
                "{\"\(name)\": [\(zeros)]}", "{\"\(name)\": 1, \"b~/c\": 2}",
                "{\"subject\": {\(languages)}, \"message\": {\(languages)}}",
            ]
            for body in bodies {
                let began = ContinuousClock.now
                let answer = try await fixture.api.post("/v1/campaigns", body)
                #expect(try answer.status == 422 && answer.text("code") == "invalid")
                #expect(try answer.errors().count <= 100 && answer.body.utf8.count < 50_000)
                // Most of it is the building for debugging, beside other tests.
                #expect(ContinuousClock.now - began < .seconds(30))
            }
            let escaped = try await fixture.api.post("/v1/campaigns", #"{"b~/c": 2}"#)
            #expect(try escaped.errors().contains("/b~0~1c unknown"))
            let query = (0..<9_000).map { "p\($0)=1" }.joined(separator: "&")
            let long = try await fixture.api.get("/v1/customers?\(query)")
            #expect(try long.status == 400 && long.text("code") == "bad_query")
        }
    }

    @Test func `JSON in another encoding than UTF-8 is refused`() async throws {
        try await HTTPFixture.with { fixture in
            let text = #"{"name": "A"}"#
            for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian] {
                let bytes = try #require(text.data(using: encoding))
                let answer = try await fixture.api.send(bytes, to: "/v1/customers")
                #expect(try answer.status == 400 && answer.text("code") == "malformed")
            }
        }
    }
}
