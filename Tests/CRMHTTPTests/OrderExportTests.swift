import CRM
import Foundation
import HTTPTypes
import Logging
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// Orders on their way out and in again, as clients see them.
@Suite("The export of orders")
struct OrderExportTests {
    private static let path = "/v1/orders/export"
    private static let header = "order_ref,customer_ref,ordered_on,quantity,amount,currency,created_at,updated_at"

    /// The rows of a file, each without its times.
    private static func rows(_ csv: some StringProtocol) -> [String] {
        csv.split(separator: "\r\n").dropFirst().map { row in
            row.split(separator: ",", omittingEmptySubsequences: false).dropLast(2).joined(separator: ",")
        }
    }

    private static func rows(_ business: Business) async throws -> [String] {
        let piece = try await OrderExport(database: business.database)
            .piece(business.context, OrderFilter(), .csv, after: nil)
        return rows(String(decoding: piece.bytes, as: UTF8.self))
    }

    /// So many orders of one day.
    private static func fill(_ business: Business, _ count: Int, reference: String) async throws {
        let customer = try await business.customer("Ada", reference: "1", stage: .actual).id.rawValue
        try await business.server.run(
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, reference, ordered_on, amount, currency)
            SELECT \(business.tenantID), gen_random_uuid(), \(customer), \(reference)::text || n, '2026-01-01', n, 'IRR'
            FROM generate_series(1, \(count)::integer) AS n
            """)
    }

    @Test(arguments: ["csv", "ndjson"])
    func `What goes out comes in again unchanged, here and at another business`(format: String) async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let other = try await Business(in: business.server, slug: "second")
            let references = ["1", "=2", "'-3"]
            for business in [business, other] {
                for reference in references {
                    _ = try await business.customer("Customer", hasEmail: false, reference: reference)
                }
            }
            func order(_ customer: String, _ rest: String) async throws -> String {
                let found = customer.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                let id = try #require(try await api.get("/v1/customers?filter[reference]=\(found)").ids().first)
                let made = try await api.post("/v1/orders", #"{"customer_id": "\#(id)", \#(rest)}"#)
                #expect(made.status == 201, "\(made)")
                return try #require(try made.text("id"))
            }
            let first = try await order(
                "1",
                #"""
                "ordered_on": "2026-01-03", "ordered_at": "2026-01-03T08:30:00Z", "reference": "A, \"1\"", "currency": "EUR",
                "lines": [{"description": "a pen", "quantity": 2, "unit_price": "6.25"}]
                """#)
            _ = try await order("=2", #""ordered_on": "2026-02-01", "amount": "-7.0001", "reference": "=SUM(A1)""#)
            _ = try await order(
                "'-3", #""ordered_on": "2026-02-02", "amount": "99999999999999", "quantity": 12, "reference": " @x""#)
            let returned = try await api.post(
                "/v1/orders/\(first)/returns", #"{"returned_on": "2026-02-03", "lines": [{"line": 1, "quantity": 1}]}"#)
            #expect(returned.status == 200, "\(returned)")

            let file = try await api.get("\(Self.path)?format=\(format)")
            #expect(file.status == 200)
            #expect(file.headers[.contentDisposition] == "attachment; filename=\"orders.\(format)\"")
            if format == "csv" {
                #expect(
                    Self.rows(file.body) == [
                        #""A, ""1""",1,2026-01-03,2,12.5,EUR"#, "'=SUM(A1),'=2,2026-02-01,1,-7.0001,IRR",
                        #""' @x",''-3,2026-02-02,12,99999999999999,IRR"#,
                    ])
            }
            let type = format == "csv" ? "text/csv" : "application/x-ndjson"
            let same = try await fixture.upload(.orders, file.body, type: type)
            #expect(try [same.number("rows"), same.number("unchanged")] == [3, 3], "\(same.body)")
            var options = ImportOptions()
            options.format = format == "csv" ? .csv : .ndjson
            let report = try await importFile(
                other.database, other.context, .orders, Array(file.body.utf8), options)
            #expect(report.counts == ImportCounts(rows: 3, created: 3))
            #expect(try await Self.rows(other) == Self.rows(business))
            // What the other one has got by now is its own.
            #expect(try await api.get("\(Self.path)?format=\(format)").body == file.body)
        }
    }

    @Test func `A list and a file are of the orders that the filters name`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let (ada, bob) = (try await business.customer("Ada", reference: "1"), try await business.customer("Bob"))
            let department = try await business.record(DepartmentValues(name: "Shop")).id
            let stage = try await business.record(JourneyStageValues(name: "Purchase", position: 1)).id.rawValue
            let touchpoint = try await business.record(
                TouchpointValues(name: "Till", stageID: stage, position: 1)
            ).id
            func order(_ reference: String, _ customer: Customer, _ day: String, _ rest: String = "") async throws {
                let made = try await api.post(
                    "/v1/orders",
                    """
                    {"customer_id": "\(customer.id)", "reference": "\(reference)", "ordered_on": "\(day)", "amount": "5"\(rest)}
                    """)
                #expect(made.status == 201, "\(made)")
            }
            try await order("a", ada, "2026-03-02", #", "channel": "web", "department_id": "\#(department)""#)
            try await order("b", ada, "2026-03-01", #", "channel": "phone", "touchpoint_id": "\#(touchpoint)""#)
            try await order("c", bob, "2026-03-03")
            func listed(_ query: String) async throws -> [String] {
                let list = try await api.get("/v1/orders?\(query)")
                return try list.list("data").indices.compactMap { try list.text("data/\($0)/reference") }
            }
            for (filter, expected) in [
                ("department_id]=\(department)", ["a"]), ("touchpoint_id]=\(touchpoint)", ["b"]),
                ("channel]=web", ["a"]), ("channel][in]=web,phone", ["b", "a"]), ("customer_id]=\(bob.id)", ["c"]),
                ("happened_at][gte]=2026-03-02T00:00:00Z", ["a", "c"]), ("reference][in]=a,b", ["b", "a"]),
                ("department_id]=\(UUID())", []), ("channel]=postal", []),
                ("channel]=web&filter[department_id]=\(department)&filter[customer_id]=\(ada.id)", ["a"]),
                ("channel]=phone&filter[department_id]=\(department)", []),
            ] as [(String, [String])] {
                #expect(try await listed("filter[\(filter)") == expected.reversed(), "\(filter)")
                let file = try await api.get("\(Self.path)?filter[\(filter)")
                #expect(Self.rows(file.body).map { String($0.prefix(1)) } == expected, "\(filter)")
            }
            let page = try await api.get("/v1/orders?filter[channel][in]=web,phone&limit=1")
            let cursor = try #require(try page.text("next_cursor"))
            #expect(try await listed("filter[channel][in]=web,phone&limit=1&cursor=\(cursor)") == ["b"])
            for path in ["/v1/orders", Self.path] {
                let wrong = try await api.get("\(path)?filter[channel]=pigeon&filter[touchpoint_id]=till")
                #expect(try wrong.errors() == ["filter[touchpoint_id] invalid", "filter[channel] unknown"], "\(path)")
            }
        }
    }

    @Test func `Nothing is a file too, and nobody gets what was removed or another's orders for his own`() async throws
    {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            #expect(try await api.get(Self.path).body == Self.header + "\r\n")
            #expect(try await api.get("\(Self.path)?format=ndjson&bom=true").body == "")
            #expect(try await api.get("\(Self.path)?bom=true").body == "\u{FEFF}\(Self.header)\r\n")
            let (ada, bob) = (try await business.customer("Ada", reference: "1"), try await business.customer("Bob"))
            for customer in [ada, bob, ada] {
                let made = try await api.post(
                    "/v1/orders", #"{"customer_id": "\#(customer.id)", "ordered_on": "2026-03-01", "amount": "5"}"#)
                #expect(made.status == 201)
            }
            let last = try #require(try await api.get("/v1/orders").ids().first)
            #expect(try await api.delete("/v1/orders/\(last)").status == 204)
            let file = try await api.get(Self.path)
            #expect(Self.rows(file.body) == [",1,2026-03-01,1,5,IRR", ",,2026-03-01,1,5,IRR"])
            let report = try await fixture.upload(.orders, file.body)
            #expect(try [report.number("created"), report.number("rejected")] == [1, 1], "\(report.body)")
            // The reference of somebody who was deleted may be another one's.
            #expect(try await api.delete("/v1/customers/\(ada.id)").status == 204)
            _ = try await business.customer("Cid", reference: "1")
            #expect(Set(Self.rows(try await api.get(Self.path).body)) == [",,2026-03-01,1,5,IRR"])
        }
    }

    @Test func `It takes both scopes, and is noted in the log`() async throws {
        try await HTTPFixture.with { fixture in
            for (scopes, status) in [
                ([.ordersRead], 403), ([.customersRead], 403), ([.ordersRead, .customersRead], 200),
            ] as [(Set<Scope>, Int)] {
                let key = try await HTTPFixture.makeKey(fixture.business, scopes: scopes)
                let answer = try await fixture.with(key: key).get(Self.path)
                #expect(answer.status == status, "\(scopes)")
            }
            func noted() async throws -> Int {
                try await fixture.api.get("/v1/audit?filter[action]=orders.exported").ids().count
            }
            #expect(try await noted() == 1)
            // Who asks for the head takes nothing along.
            let head = try await fixture.api.send(TestRequest(.head, Self.path))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(try await noted() == 1)
        }
    }

    @Test func `It is any number of pieces long, and packed for who takes it`() async throws {
        try await HTTPFixture.with(isLive: true) { fixture in
            try await Self.fill(fixture.business, 4500, reference: "R")
            let plain = try await fixture.api.get("\(Self.path)?bom=true")
            let lines = plain.body.split(separator: "\r\n")
            #expect(lines.count == 4501 && lines[0] == "\u{FEFF}\(Self.header)")
            #expect(Set(lines.dropFirst().map { $0.split(separator: ",")[0] }).count == 4500)
            let packed = try await fixture.api.bytes(Self.path, headers: [.acceptEncoding: "gzip"])
            #expect(packed.headers[.contentEncoding] == "gzip" && packed.body.count < plain.body.utf8.count / 3)
            var options = ImportOptions()
            options.isGzip = true
            let same = try await importFile(
                fixture.business.database, fixture.business.context, .orders, packed.body, options)
            #expect(same.counts == ImportCounts(rows: 4500))
        }
    }

    @Test func `Who does not read on holds nobody up, and who leaves ends it`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            // More than the system keeps for a connection.
            try await Self.fill(business, 60_000, reference: String(repeating: "long ", count: 18))
            let key = try await HTTPFixture.makeKey(business)
            let pool = Pool(server.configuration(user: "mehvar_app", maximumConnections: 1))
            defer { pool.close() }
            let database = Database(pool: pool)
            let api = API(
                database: database, imports: database, platform: server.platform,
                access: try await business.access(),
                spool: UploadSpool(directory: FileManager.default.temporaryDirectory))
            let log = CapturedLog()
            let authorization = "Authorization: Bearer \(key)\r\n"
            try await LiveServer.with(api.responder(), logger: log.logger(level: .error)) { live in
                @Sendable func expectAnswer() async throws {
                    let answer = try await RawConnection.with(live.port) { raw in
                        try await raw.send(ServedPaths.get("/v1/orders?limit=1", authorization))
                        return await raw.read(through: "next_cursor")
                    }
                    #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
                }
                try await RawConnection.with(live.port, isDeaf: true) { deaf in
                    try await deaf.send(ServedPaths.get(Self.path, authorization))
                    try await eventually {
                        try await server.number("SELECT count(*) FROM crm.event WHERE action = 'orders.exported'") == 1
                    }
                    try await expectAnswer()
                }
                try await expectAnswer()
                let begun = try await RawConnection.with(live.port) { raw in
                    try await raw.send(ServedPaths.get(Self.path, authorization))
                    return await raw.read(through: Self.header)
                }
                #expect(begun.hasPrefix("HTTP/1.1 200"))
                try await expectAnswer()
            }
            #expect(log.lines.isEmpty, "\(log.lines)")
        }
    }
}
