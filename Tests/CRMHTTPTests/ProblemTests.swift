import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What a client gets instead of what it asked for.
@Suite("Problems")
struct ProblemTests {
    /// The answer is a problem of RFC 9457 with this status and code.
    private func expect(
        _ answer: Answer, _ status: Int, _ code: String, _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer.headers[.contentType] == "application/problem+json", sourceLocation: location)
        #expect(answer.headers[.cacheControl] == "no-store", sourceLocation: location)
        #expect(try answer.text("code") == code, sourceLocation: location)
        #expect(try answer.number("status") == status, sourceLocation: location)
        #expect(try answer.text("type") == "urn:mehvar:problem:\(code)", sourceLocation: location)
        #expect(try answer.text("title")?.isEmpty == false, sourceLocation: location)
        #expect(try answer.text("detail")?.isEmpty == false, sourceLocation: location)
        let requestID = try #require(HTTPField.Name("X-Request-Id"))
        #expect(try answer.text("request_id") == answer.headers[requestID], sourceLocation: location)
    }

    @Test func `A body that is no JSON object is malformed`() async throws {
        try await HTTPFixture.with { fixture in
            for body in ["", "{", "[]", "null", "\"a\"", "{\"name\": }", "{\"name\": \"a\"} x"] {
                try expect(try await fixture.api.post("/v1/customers", body), 400, "malformed")
            }
        }
    }

    @Test func `Without a valid key nothing under v1 is answered`() async throws {
        try await HTTPFixture.with { fixture in
            let anonymous = fixture.with(key: nil)
            let wrong = [
                "mhv_", "mhv_x", String(fixture.key.dropLast()), fixture.key + "0", String(fixture.key.dropFirst(4)),
                "MHV_" + fixture.key.dropFirst(4), "mhv_" + String(repeating: "0", count: 52),
                "mhv_" + String(repeating: "u", count: 52), "mhv_\u{0660}" + fixture.key.dropFirst(5),
            ]
            for api in [anonymous] + wrong.map({ fixture.with(key: $0) }) {
                for path in ["/v1/customers", "/v1/scores", "/v1/campaigns/\(UUID())"] {
                    let answer = try await api.get(path)
                    try expect(answer, 401, api.key == nil ? "unauthenticated" : "invalid_token")
                    let challenge = try #require(answer.headers[.wwwAuthenticate])
                    #expect(challenge.hasPrefix("Bearer realm=\"mehvar\""))
                    #expect(challenge.contains("error=\"invalid_token\"") == (api.key != nil))
                }
            }
            let basic = try await anonymous.get("/v1/customers", headers: [.authorization: "Basic \(fixture.key)"])
            try expect(basic, 401, "unauthenticated")
            let lowerCase = try await anonymous.get("/v1/customers", headers: [.authorization: "bearer \(fixture.key)"])
            #expect(lowerCase.status == 200)
        }
    }

    @Test func `A key that expired or was revoked opens nothing`() async throws {
        try await HTTPFixture.with { fixture in
            let keys = APIKeyService(database: fixture.business.database)
            let context = fixture.business.context
            let expired = try await keys.create(
                context, name: "old", scopes: [.customersRead], expiresAt: Date(timeIntervalSinceNow: 60))
            try await fixture.business.server.run(
                "UPDATE crm.api_key SET expires_at = now() WHERE id = \(expired.key.id)")
            try expect(try await fixture.with(key: expired.secret).get("/v1/customers"), 401, "invalid_token")
            let revoked = try await keys.create(context, name: "gone", scopes: [.customersRead])
            try await keys.revoke(context, revoked.key.id)
            try expect(try await fixture.with(key: revoked.secret).get("/v1/customers"), 401, "invalid_token")
        }
    }

    @Test func `A key of a suspended tenant is refused`() async throws {
        try await HTTPFixture.with { fixture in
            try await fixture.business.server.run("UPDATE platform.tenant SET state = 'suspended'")
            try expect(try await fixture.api.get("/v1/customers"), 403, "tenant_suspended")
        }
    }

    @Test func `Every route asks for its own scope`() async throws {
        try await HTTPFixture.with { fixture in
            let id = UUID()
            let words = #""subject": {"en": "S"}, "message": {"en": "M"}"#
            let needed: [(Scope, TestRequest)] = [
                (.customersRead, TestRequest(.get, "/v1/customers")),
                (.customersRead, TestRequest(.get, "/v1/customers/\(id)")),
                (.customersWrite, TestRequest(.post, "/v1/customers", #"{"name": "A"}"#)),
                (.customersWrite, TestRequest(.patch, "/v1/customers/\(id)", "{}")),
                (
                    .customersWrite,
                    TestRequest(.post, "/v1/customers/imports", "reference,name\n1,A\n", type: "text/csv")
                ),
                (
                    .ordersWrite,
                    TestRequest(.post, "/v1/orders/imports", "customer_ref,ordered_on,amount\n", type: "text/csv")
                ),
                (.segmentsRead, TestRequest(.get, "/v1/segments")),
                (.segmentsRead, TestRequest(.get, "/v1/segments/\(id)")),
                (.segmentsWrite, TestRequest(.post, "/v1/segments", #"{"name": "S", "kind": "manual"}"#)),
                (.segmentsWrite, TestRequest(.post, "/v1/segments/\(id)/evaluate")),
                (.plansRead, TestRequest(.get, "/v1/plans")),
                (.plansWrite, TestRequest(.patch, "/v1/plans/\(id)", "{}")),
                (.surveysRead, TestRequest(.get, "/v1/surveys")),
                (.surveysWrite, TestRequest(.post, "/v1/surveys/\(id)/publish")),
                (.campaignsRead, TestRequest(.get, "/v1/campaigns")),
                (.campaignsRead, TestRequest(.post, "/v1/campaigns/\(id)/preview")),
                (.campaignsWrite, TestRequest(.post, "/v1/campaigns/\(id)/launch")),
                (
                    .campaignsWrite,
                    TestRequest(
                        .post, "/v1/campaigns",
                        #"{"name": "C", "survey_id": "\#(id)", "segment_id": "\#(id)", \#(words)}"#)
                ),
                (.responsesRead, TestRequest(.get, "/v1/responses")), (.scoresRead, TestRequest(.get, "/v1/scores")),
            ]
            for (scope, request) in needed {
                let others = Set(Scope.allCases).subtracting([scope])
                let key = try await HTTPFixture.makeKey(fixture.business, scopes: others)
                let answer = try await fixture.with(key: key).send(request)
                try expect(answer, 403, "forbidden")
                #expect(try answer.text("detail")?.contains(scope.rawValue) == true)
            }
            // A segment's members are customers.
            let segments = fixture.with(key: try await HTTPFixture.makeKey(fixture.business, scopes: [.segmentsRead]))
            try expect(try await segments.get("/v1/segments/\(id)/members"), 403, "forbidden")
        }
    }

    @Test func `Paths that lead nowhere and ids that are none answer 404`() async throws {
        try await HTTPFixture.with { fixture in
            for path in ["/", "/v2/customers", "/v1/nothing", "/v1/customers/1", "/v1/customers/\(UUID())/x"] {
                try expect(try await fixture.api.get(path), 404, "not_found")
            }
        }
    }

    @Test func `A taken reference and a taken name conflict`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = #"{"name": "A", "reference": "1"}"#
            #expect(try await fixture.api.post("/v1/customers", customer).status == 201)
            try expect(try await fixture.api.post("/v1/customers", customer), 409, "reference_taken")
            let segment = #"{"name": "S", "kind": "manual"}"#
            #expect(try await fixture.api.post("/v1/segments", segment).status == 201)
            try expect(try await fixture.api.post("/v1/segments", segment), 409, "name_taken")
        }
    }

    @Test func `Another media type is unsupported, and one with parameters is fine`() async throws {
        try await HTTPFixture.with { fixture in
            for type in ["text/plain", "application/xml", nil] {
                let request = TestRequest(.post, "/v1/customers", #"{"name": "A"}"#, type: type)
                try expect(try await fixture.api.send(request), 415, "unsupported_media_type")
            }
            let json = TestRequest(.post, "/v1/customers/imports", "reference,name\n1,A\n", type: "application/json")
            try expect(try await fixture.api.send(json), 415, "unsupported_media_type")
            let request = TestRequest(
                .post, "/v1/customers", #"{"name": "A"}"#, type: "Application/JSON; charset=utf-8")
            #expect(try await fixture.api.send(request).status == 201)
        }
    }

    @Test func `A body over the limit is too large, and leaves nothing behind`() async throws {
        try await HTTPFixture.with(uploadLimit: 5000) { fixture in
            let long = String(repeating: "a", count: 1024 * 1024)
            try expect(try await fixture.api.post("/v1/customers", #"{"name": "\#(long)"}"#), 413, "too_large")
            let rows = (0..<1000).map { "\($0),Name" }.joined(separator: "\n")
            let file = TestRequest(.post, "/v1/customers/imports", "reference,name\n\(rows)\n", type: "text/csv")
            try expect(try await fixture.api.send(file), 413, "too_large")
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 0)
        }
    }

    @Test func `Every bad field of a body is told at once, by its pointer`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.post(
                "/v1/customers",
                """
                {"kind": "robot", "stage": 1, "language": "Farsi", "reference": " ", "time_zone": "Asia/Nowhere",
                 "nickname": "x", "contact_points": [{"channel": "email", "address": "nobody"}, {"channel": "fax"}, 7]}
                """)
            try expect(answer, 422, "invalid")
            #expect(
                Set(try answer.errors()) == [
                    "/name required", "/kind unknown", "/stage type", "/nickname unknown", "/language invalid",
                    "/reference length", "/time_zone unknown", "/contact_points/1/channel unknown",
                    "/contact_points/1/address required", "/contact_points/2 type",
                ])
            let values = try await fixture.api.post(
                "/v1/customers",
                """
                {"name": "", "language": "Farsi", "reference": " ", "time_zone": "Asia/Nowhere",
                 "contact_points": [{"channel": "email", "address": "nobody", "is_primary": true},
                    {"channel": "email", "address": "a@b.example", "is_primary": true}]}
                """)
            try expect(values, 422, "invalid")
            #expect(
                try values.errors() == [
                    "/name length", "/reference length", "/language invalid", "/time_zone unknown",
                    "/contact_points/0/address invalid", "/contact_points/1/is_primary duplicate",
                ])
        }
    }

    @Test func `Query parameters that are unknown, doubled or of another form are told at once`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.get(
                "/v1/customers?limit=0&sort=name&cursor=x&page=2&filter%5Bname%5D=A&filter[stage]=actual&filter[stage]=lost"
            )
            try expect(answer, 400, "bad_query")
            #expect(
                Set(try answer.errors()) == [
                    "limit range", "sort unknown", "cursor invalid_cursor", "page unknown", "filter[name] unknown",
                    "filter[stage] duplicate",
                ])
            for query in [
                "limit=201", "limit=ten", "filter[stage]=none", "filter[stage][in]=actual,none", "filter[stage", "=",
            ] {
                try expect(try await fixture.api.get("/v1/customers?\(query)"), 400, "bad_query")
            }
            let scores = try await fixture.api.get("/v1/scores?metric=x&scope=y&from=z&to=2026-13-01&limit=1")
            try expect(scores, 400, "bad_query")
            #expect(
                Set(try scores.errors()) == [
                    "metric unknown", "scope unknown", "from invalid", "to invalid", "limit unknown",
                ])
            try expect(try await fixture.api.get("/v1/responses?filter[campaign_id]=1"), 400, "bad_query")
        }
    }

    @Test func `Characters that PostgreSQL cannot hold are refused wherever they stand, never an error of ours`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let segment = try await fixture.business.segment(of: [])
            let bodies: [(String, String)] = [
                ("/v1/customers", #"{"name": "a\u0000b"}"#),
                ("/v1/customers", #"{"name": "A", "attributes": {"a": "\u0000"}}"#),
                ("/v1/customers", #"{"name": "A", "attributes": {"\u0000": 1}}"#),
                ("/v1/customers", #"{"name": "A", "attributes": {"a": [{"b": "\u0000"}]}}"#),
                (
                    "/v1/segments",
                    #"{"name": "S", "kind": "rule", "rule": {"field": "language", "op": "eq", "value": "\u0000"}}"#
                ),
                (
                    "/v1/plans",
                    #"{"name": "P", "segment_id": "\#(segment.id)", "objectives": ["\u0000"], "elements": \#(Probe.elements)}"#
                ),
                (
                    "/v1/surveys",
                    #"""
                    {"name": "S", "metric": "nps", "default_language": "en", "title": {"en": "\u0000"},
                     "questions": [{"id": "score", "kind": "nps", "text": {"en": "Q"}}]}
                    """#
                ),
            ]
            for (path, body) in bodies {
                try expect(try await fixture.api.post(path, body), 422, "invalid")
            }
            let queries = [
                "/v1/customers?filter[reference]=%00", "/v1/customers?filter[language][in]=en,%00",
                "/v1/scores?scope=segment&scope_key=a%00",
            ]
            for path in queries { try expect(try await fixture.api.get(path), 400, "bad_query") }
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 0)
        }
    }

    @Test func `Numbers that no column holds are refused, never an error of ours`() async throws {
        try await HTTPFixture.with { fixture in
            for number in ["1e400", "-1e400", "1e-400", "123456789012345678901234567890123456789012345", "1e127"] {
                let answer = try await fixture.api.post(
                    "/v1/customers", #"{"name": "A", "attributes": {"a": \#(number)}}"#)
                #expect([201, 400, 422].contains(answer.status), "\(number): \(answer.status)")
                let rule = #"{"field": "orders.count", "op": "gte", "value": \#(number)}"#
                let segment = try await fixture.api.post(
                    "/v1/segments", #"{"name": "\#(number)", "kind": "rule", "rule": \#(rule)}"#)
                #expect([201, 400, 422].contains(segment.status), "\(number): \(segment.status)")
                if let id = try segment.text("id").flatMap(Segment.ID.init) {
                    try await fixture.business.refresh()
                }
            }
        }
    }

    @Test func `Every answer carries a request id and is not sniffed`() async throws {
        try await HTTPFixture.with { fixture in
            let requestID = try #require(HTTPField.Name("X-Request-Id"))
            let first = try await fixture.api.get("/healthz")
            let second = try await fixture.api.get("/v1/customers")
            #expect(first.headers[requestID]?.isEmpty == false)
            #expect(first.headers[requestID] != second.headers[requestID])
            #expect(first.headers[.xContentTypeOptions] == "nosniff")
        }
    }
}
