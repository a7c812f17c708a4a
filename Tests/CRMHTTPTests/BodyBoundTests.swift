import TestSupport
import Testing

/// A small body must not cost much, and a large one is not read at all.
@Suite("Bounds of bodies")
struct BodyBoundTests {
    @Test func `A body is refused before it is read when it is too deep or holds too much`() async throws {
        try await HTTPFixture.with { fixture in
            let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
            let wide = "[" + String(repeating: "0,", count: 20_001) + "0]"
            for value in [deep, wide] {
                let body = "{\"name\": \"a\", \"attributes\": {\"a\": \(value)}}"
                let answer = try await fixture.api.post("/v1/customers", body)
                #expect(answer.status == 400)
                #expect(try answer.text("code") == "malformed")
            }
        }
    }

    @Test func `Brackets within words count for nothing`() async throws {
        try await HTTPFixture.with { fixture in
            let brackets = "{\"name\": \"\(String(repeating: "[", count: 50))\\\"[\"}"
            let answer = try await fixture.api.post("/v1/customers", brackets)
            #expect(answer.status == 201)
        }
    }

    @Test func `Of very many mistakes the first hundred are named`() async throws {
        try await HTTPFixture.with { fixture in
            let members = (0..<500).map { "\"member\($0)\": 1" }.joined(separator: ",")
            let answer = try await fixture.api.post("/v1/customers", "{\(members)}")
            #expect(answer.status == 422)
            #expect(try answer.errors().count == 100)
        }
    }

    @Test func `Attributes stay within their size over many patches`() async throws {
        try await HTTPFixture.with { fixture in
            let created = try await fixture.api.post("/v1/customers", "{\"name\": \"a\"}")
            let id = try #require(try created.text("id"))
            let words = String(repeating: "x", count: 9000)
            let first = try await fixture.api.patch("/v1/customers/\(id)", "{\"attributes\": {\"a\": \"\(words)\"}}")
            #expect(first.status == 200)
            let second = try await fixture.api.patch("/v1/customers/\(id)", "{\"attributes\": {\"b\": \"\(words)\"}}")
            #expect(second.status == 422)
            #expect(try second.errors() == ["/attributes too_large"])
        }
    }
}
