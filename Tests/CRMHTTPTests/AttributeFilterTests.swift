import Foundation
import HTTPTypes
import TestSupport
import Testing

@Suite("Filters by attributes")
struct AttributeFilterTests {
    private static let attributes = [
        #"{"name": "club", "type": "choice", "choices": ["silver", "طلایی", "a,b"]}"#,
        #"{"name": "size", "type": "number"}"#, #"{"name": "vip", "type": "boolean"}"#,
        #"{"name": "since", "type": "day"}"#, #"{"name": "city", "type": "text"}"#,
    ]

    private static func query(_ filters: [String]) -> String {
        filters.map { "filter[attributes.\($0)".addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed) ?? "" }
            .joined(separator: "&")
    }

    private static func names(_ api: TestAPI, _ filters: [String]) async throws -> Set<String> {
        let found = try await api.get("/v1/customers?" + query(filters))
        #expect(found.status == 200, "\(found)")
        return Set(try found.list("data").indices.map { try found.text("data/\($0)/name") ?? "" })
    }

    @Test func `Customers are found by what the business keeps of them`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            // From a time when the business kept what it liked.
            _ = try await api.addCustomer(#"{"name": "Old", "attributes": {"size": "5", "vip": "true", "since": 5}}"#)
            for attribute in Self.attributes { _ = try await api.post("/v1/customer-attributes", attribute) }
            for (name, values) in [
                ("Ada", #""club": "طلایی", "size": 5.0, "vip": true, "since": "2024-03-20", "city": "شیراز""#),
                ("Bob", #""club": "silver", "size": -2.25, "vip": false, "since": "2025-01-01", "city": "5""#),
                ("Cid", #""club": "a,b", "size": 1000000, "city": "true""#), ("Dee", #""vip": null"#),
            ] {
                _ = try await api.addCustomer(#"{"name": "\#(name)", "attributes": {\#(values)}}"#)
            }
            func names(_ filters: String...) async throws -> Set<String> { try await Self.names(api, filters) }
            #expect(try await names("club]=طلایی") == ["Ada"])
            #expect(try await names("club][in]=طلایی,silver") == ["Ada", "Bob"])
            #expect(try await names("club]=a,b") == ["Cid"])
            #expect(try await names("size]=5") == ["Ada"])
            #expect(try await names("size][in]=-2.25,1000000.00") == ["Bob", "Cid"])
            #expect(try await names("size]=۵") == ["Ada"])
            #expect(try await names("size][gt]=-3", "size][lt]=5") == ["Bob"])
            #expect(try await names("size][gte]=5", "size][lte]=5") == ["Ada"])
            #expect(try await names("vip]=true") == ["Ada"])
            #expect(try await names("vip][in]=true,false") == ["Ada", "Bob"])
            #expect(try await names("since]=2025-01-01") == ["Bob"])
            #expect(try await names("since][gt]=2024-03-20") == ["Bob"])
            #expect(try await names("since][gte]=2024-03-20", "since][lt]=2025-01-01") == ["Ada"])
            #expect(try await names("city]=شیراز") == ["Ada"])
            #expect(try await names("city][in]=5,true") == ["Bob", "Cid"])
            #expect(try await names("city]=5", "vip]=true") == [])
            let mixed = try await api.get("/v1/customers?filter[stage]=potential&" + Self.query(["vip]=false"]))
            #expect(try mixed.text("data/0/name") == "Bob" && mixed.list("data").count == 1)
            let file = try await api.get("/v1/customers/export?" + Self.query(["club][in]=silver,طلایی"]))
            #expect(file.status == 200 && file.body.split(separator: "\r\n").count == 3)
        }
    }

    @Test func `What an attribute cannot be is refused with the parameter, in lists and files`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for attribute in Self.attributes { _ = try await api.post("/v1/customer-attributes", attribute) }
            for path in ["", "/export"] {
                func errors(_ filters: String...) async throws -> Set<String> {
                    let answer = try await api.get("/v1/customers\(path)?" + Self.query(filters))
                    #expect(answer.status == 400, "\(answer)")
                    return Set(try answer.errors().map { $0.replacing("filter[attributes.", with: "") })
                }
                #expect(
                    try await errors(
                        "colour]=red", "club]=gold", "size]=big", "vip]=yes", "since]=2026-02-30", "city][gt]=5",
                        "vip][lt]=1") == [
                            "colour] unknown", "club] unknown", "size] invalid", "vip] invalid", "since] invalid",
                            "city][gt] not_allowed", "vip][lt] not_allowed",
                        ])
                #expect(try await errors("size][in]=1,big", "club][in]=silver,") == ["club][in] invalid"])
                #expect(try await errors("size][in]=1,big") == ["size][in] invalid"])
                #expect(
                    try await errors("size][gt]=2026-01-01", "since][lte]=5") == [
                        "size][gt] invalid", "since][lte] invalid",
                    ])
                #expect(try await errors("size][gt]=big", "size]=") == ["size][gt] invalid", "size] invalid"])
                #expect(try await errors("size]=1", "size][in]=1,2") == ["size][in] duplicate"])
                #expect(
                    try await errors("size][ne]=1", "]=1", "size=1") == [
                        "size][ne] unknown", "] unknown", "size unknown",
                    ])
            }
            // What is refused is not noted as taken along.
            #expect(try await api.get("/v1/audit?filter[action]=customers.exported").ids() == [])
            // What is kept no more is unknown, too.
            let city = try await api.get("/v1/customer-attributes")
            let index = try #require(try city.list("data").indices.first { try city.text("data/\($0)/name") == "city" })
            let id = try #require(try city.text("data/\(index)/id"))
            #expect(try await api.delete("/v1/customer-attributes/\(id)").status == 204)
            let answer = try await api.get("/v1/customers?filter[attributes.city]=a")
            #expect(try answer.status == 400 && answer.errors() == ["filter[attributes.city] unknown"])
        }
    }

    @Test func `Where the business keeps what it likes a value is whatever it can be`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for (name, values) in [
                ("Text", #""شهر": "5", "day": "2026-01-01""#), ("Number", #""شهر": 5, "day": 20260101"#),
                ("Flag", #""شهر": true, "a'b\\": "x""#), ("List", #""شهر": [5], "day": ["2026-01-01"]"#),
            ] {
                _ = try await api.addCustomer(#"{"name": "\#(name)", "attributes": {\#(values)}}"#)
            }
            func names(_ filters: String...) async throws -> Set<String> { try await Self.names(api, filters) }
            #expect(try await names("شهر]=5") == ["Text", "Number"])
            #expect(try await names("شهر]=true") == ["Flag"])
            #expect(try await names("شهر][gt]=4") == ["Number"])
            #expect(try await names("day][lte]=2026-01-01") == ["Text"])
            #expect(try await names("a'b\\]=x") == ["Flag"])
            for hostile in [
                "nobody]=x", "' OR true --]=x", "\"; DROP TABLE crm.customer; --][in]=a,b", "a}{\\u0000]=1",
                "${x}%25]='\"\\", "x]=\u{202E}\u{200C}", "\(String(repeating: "ی", count: 100))]=1",
            ] {
                #expect(try await names(hostile) == [], "\(hostile)")
            }
            let refused = try await api.get(
                "/v1/customers?"
                    + Self.query(["\(String(repeating: "x", count: 101))]=1", " ]=1", "a[b]]=1", "n][gt]=x"]))
            #expect(try refused.status == 400 && refused.errors().count == 4, "\(refused)")
            let many = try await api.get("/v1/customers?" + Self.query((0..<11).map { "a\($0)]=1" }))
            #expect(try many.status == 400 && many.errors() == ["filter[attributes.NAME] too_many"])
        }
    }

    @Test func `Who asks for the head of a file takes nothing along`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            _ = try await api.addCustomer(#"{"name": "Ada"}"#)
            for path in ["/v1/customers/export", "/v1/audit/export"] {
                let head = try await api.send(TestRequest(.head, path))
                #expect(head.status == 200 && head.body.isEmpty, "\(path)")
            }
            func noted() async throws -> Int {
                try await api.get("/v1/audit?filter[action][in]=customers.exported,audit.exported").ids().count
            }
            #expect(try await noted() == 0)
            for path in ["/v1/customers/export", "/v1/audit/export"] { #expect(try await api.get(path).status == 200) }
            #expect(try await noted() == 2)
        }
    }
}
