import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// Which customers are taken for one, and how sure that is.
@Suite("Duplicates", .serialized)
struct DuplicateTests {
    @Test(
        "Customers who share an address, a number or a reference may be one, however it is written",
        arguments: [
            (
                #"Mina"#, #"{"email": "Mina@Readers.example"}"#, #"{"email": "MINA@readers.example"}"#,
                "60 email but name"
            ),
            ("Mina", #"{"phone": "0912 345 6789"}"#, #"{"phone": "+98 912-3456789"}"#, "50 phone but name"),
            ("Mina", #"{"phone": "۰۹۱۲ ۳۴۵ ۶۷۸۹"}"#, #"{"phone": "00989123456789"}"#, "50 phone but name"),
            ("Mina", #"{"reference": "C-007"}"#, #"{"reference": "c 7"}"#, "60 reference but name"),
            ("Mina", #"{"shop": "0012345678"}"#, #"{"reference": "۱۲۳۴۵۶۷۸"}"#, "60 reference but name"),
        ])
    func exact(name: String, one: String, other: String, expected: String) async throws {
        try await Pairs.with { pairs in
            for (name, values) in [(name, one), ("Bahram", other)] { try await Self.add(name, values, pairs) }
            try await pairs.scan()
            #expect(try await pairs.list() == [expected])
        }
    }

    /// Of a customer's values by their names.
    private static func add(_ name: String, _ json: String, _ pairs: Pairs) async throws {
        let values = try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
        _ = try await pairs.add(
            name, email: values["email"], phone: values["phone"], born: values["born"], reference: values["reference"],
            more: values["shop"].map { #""references": {"shop": "\#($0)"}"# } ?? values["names"].map {
                #""names": {"Arab": "\#($0)"}"#
            } ?? "")
    }

    @Test(
        "Short references of two systems, other numbers and names alone say nothing",
        arguments: [
            (#"{"shop": "17"}"#, #"{"reference": "17"}"#),
            (#"{"phone": "0912 345 6789"}"#, #"{"phone": "0912 345 6700"}"#),
            (#"{"phone": "021 1234 5678"}"#, #"{"phone": "031 1234 5678"}"#), ("{}", "{}"),
            (#"{"born": "1990-01-02"}"#, #"{"born": "1990-02-01"}"#),
        ])
    func nothing(one: String, other: String) async throws {
        try await Pairs.with { pairs in
            try await Self.add("Mina Karimi", one, pairs)
            try await Self.add("Mina Kiani", other, pairs)
            try await pairs.scan()
            #expect(try await pairs.list() == [])
        }
    }

    @Test(
        "Names that are alike make a pair likely with the birth date, or a number with a slip in it",
        arguments: [
            (
                "Mina Karimi", #"{"born": "1990-01-02"}"#, "Karimi Mina", #"{"born": "1990-01-02"}"#,
                "65 name birth_date"
            ),
            ("علي كريمي", #"{"born": "1990-01-02"}"#, "علی کریمی", #"{"born": "1990-01-02"}"#, "65 name birth_date"),
            (
                "Mina Karimi", #"{"born": "1990-01-02"}"#, "Mina Karimy", #"{"born": "1990-01-02"}"#,
                "54 name birth_date"
            ),
            (
                "Mina", #"{"born": "1990-01-02", "names": "مینا کریمی"}"#, "مینا کریمی", #"{"born": "1990-01-02"}"#,
                "65 name birth_date"
            ),
            (
                "Mina Karimi", #"{"phone": "09123456789"}"#, "Mina Karimi", #"{"phone": "+989123456780"}"#,
                "60 name similar_phone"
            ),
            (
                "Mina Karimi", #"{"phone": "09123456789"}"#, "Mina Karimi", #"{"phone": "09133456789"}"#,
                "60 name similar_phone"
            ),
        ])
    func likely(one: String, ones: String, other: String, others: String, expected: String) async throws {
        try await Pairs.with { pairs in
            try await Self.add(one, ones, pairs)
            try await Self.add(other, others, pairs)
            try await pairs.scan()
            #expect(try await pairs.list() == [expected])
        }
    }

    @Test func `The score is a sum that contradictions lower, and names that differ keep below what is merged unasked`()
        async throws
    {
        try await Pairs.with { pairs in
            // Father and son, a couple, one customer twice, and the company of one.
            _ = try await pairs.add("Ali Karimi", phone: "09120000001", born: "1960-01-01")
            _ = try await pairs.add("Ali Karimi", phone: "09120000001", born: "1990-01-01")
            _ = try await pairs.add("Sara Ahmadi", email: "home@mail.example", phone: "09350000002")
            _ = try await pairs.add("Reza Ahmadi", email: "home@mail.example", phone: "09350000002")
            _ = try await pairs.add("Omid Rahimi", email: "omid@mail.example", phone: "09360000003")
            _ = try await pairs.add("Omid Rahimi", email: "omid@mail.example", phone: "09360000003")
            _ = try await pairs.add("Nima Ltd", email: "nima@mail.example", phone: "09370000004", kind: "organisation")
            _ = try await pairs.add("Nima Ltd", email: "nima@mail.example", phone: "09370000004")
            try await pairs.scan()
            #expect(
                try await pairs.list() == [
                    "100 email phone name", "85 email phone but name", "60 email phone name but kind",
                    "50 phone name but birth_date",
                ])
            #expect(try await pairs.list("?filter[score][gte]=85").count == 2)
            let page = try await pairs.api.get("/v1/duplicates?limit=3")
            let cursor = try #require(try page.text("next_cursor"))
            #expect(try await pairs.list("?limit=3&cursor=\(cursor)") == ["50 phone name but birth_date"])
        }
    }

    @Test func `A number that more than ten customers share is a switchboard's`() async throws {
        try await Pairs.with { pairs in
            let names = ["Ada", "Bob", "Cid", "Dora", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon"]
            for name in names { _ = try await pairs.add(name, phone: "021 8800 1122") }
            try await pairs.scan()
            #expect(try await pairs.ids("?limit=200").count == 45)
            _ = try await pairs.add("Kim", phone: "021 8800 1122")
            try await pairs.scan()
            #expect(try await pairs.ids() == [])
        }
    }

    @Test func `What was dismissed stays so, until that is taken back`() async throws {
        try await Pairs.with { pairs in
            let ada = try await pairs.add("Ada", email: "ada@mail.example")
            _ = try await pairs.add("Ada", email: "ada@mail.example")
            try await pairs.scan()
            let id = try #require(try await pairs.ids("?filter[customer_id]=\(ada)").first)
            let shown = try await pairs.api.get("/v1/duplicates/\(id)")
            #expect(try shown.text("customers/0/name") == "Ada" && shown.text("state") == "open")
            let dismissed = try await pairs.api.post("/v1/duplicates/\(id)/dismiss")
            #expect(try dismissed.text("state") == "dismissed" && dismissed.text("actor_kind") == "key")
            _ = try await pairs.api.patch("/v1/customers/\(ada)", #"{"tags": ["a"]}"#)
            try await pairs.follow()
            try await pairs.scan()
            #expect(try await pairs.ids() == [])
            #expect(try await pairs.ids("?filter[state]=dismissed") == [id])
            #expect(try await pairs.merge().number("merged") == 0)
            #expect(try await pairs.api.post("/v1/duplicates/\(id)/reopen").text("state") == "open")
            #expect(try await pairs.ids() == [id])
        }
    }

    @Test func `A pair follows what becomes of its customers, without anybody asking for it`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            try await withOutbox { outbox in
                try await withHandlers(on: pairs.business.server, transport: outbox.transport()) { _ in
                    let ada = try await pairs.add("Ada", email: "ada@mail.example")
                    let again = try await pairs.add("Ada", email: "ada@mail.example", phone: "0912 345 6789")
                    try await eventually { try await pairs.list() == ["100 email name"] }
                    _ = try await api.patch("/v1/customers/\(ada)", #"{"birth_date": "1990-01-02"}"#)
                    _ = try await api.patch("/v1/customers/\(again)", #"{"birth_date": "1991-01-02"}"#)
                    try await eventually { try await pairs.list() == ["60 email name but birth_date"] }
                    // At once, whatever the job has seen by then.
                    #expect(try await api.delete("/v1/customers/\(again)").status == 204)
                    #expect(try await pairs.ids() == [])
                    #expect(try await api.post("/v1/customers/\(again)/restore").status == 200)
                    try await eventually { try await pairs.list() == ["60 email name but birth_date"] }
                    _ = try await api.patch("/v1/customers/\(ada)", #"{"contact_points": []}"#)
                    try await eventually { try await pairs.ids() == [] }
                    let third = "reference,name,email\n1,Ada,ADA@mail.example\n2,Bob,bob@mail.example\n"
                    #expect(
                        try await api.send(TestRequest(.post, "/v1/customers/imports", third, type: "text/csv")).status
                            == 202)
                    try await eventually { try await pairs.list() == ["100 email name"] }
                }
            }
        }
    }

    @Test func `A file of many customers is looked through, too`() async throws {
        try await Pairs.with { pairs in
            let rows = (0..<600).map { "R\($0),Customer \($0),c\($0 % 599)@mail.example" }
            let file = "reference,name,email\n" + rows.joined(separator: "\n") + "\n"
            let (database, context) = (pairs.business.database, pairs.business.context)
            let report = try await importFile(database, context, .customers, Array(file.utf8))
            #expect(report.counts.created == 600, "\(report)")
            try await pairs.follow()
            #expect(try await pairs.ids().count == 1)
        }
    }

    @Test func `A scan tells how far it is, and is one until it ends`() async throws {
        try await Pairs.with { pairs in
            let (api, business) = (pairs.api, pairs.business)
            _ = try await business.customers(3)
            _ = try await pairs.add("Customer 1", email: "customer.1@mail.example")
            let begun = try await api.post("/v1/duplicates/scan", headers: [.idempotencyKey: "one"])
            #expect(try begun.status == 202 && begun.text("state") == "waiting" && begun.number("total") == 4)
            let place = try #require(begun.headers[.location])
            #expect(try await api.post("/v1/duplicates/scan").text("id") == begun.text("id"))
            let replayed = try await api.post("/v1/duplicates/scan", headers: [.idempotencyKey: "one"])
            #expect(try replayed.status == 202 && replayed.text("id") == begun.text("id"))
            try await withOutbox { outbox in
                try await withHandlers(on: business.server, transport: outbox.transport()) { _ in
                    try await eventually { try await api.get(place).text("state") == "finished" }
                }
            }
            let ended = try await api.get(place)
            #expect(try ended.number("looked_at") == 4 && ended.number("found") == 1)
            #expect(try ended.text("finished_at") != nil && ended.value("error") == .null)
            #expect(try await pairs.scan().text("id") != begun.text("id"))
            #expect(try await api.get("/v1/duplicate-runs").ids().count == 2)
        }
    }

    @Test func `A scan waits for nobody who holds customers`() async throws {
        try await Pairs.with { pairs in
            _ = try await pairs.add("Ada", email: "ada@mail.example")
            _ = try await pairs.add("Ada", email: "ada@mail.example")
            try await Connection.with(pairs.business.server.configuration()) { connection in
                try await connection.execute(
                    script: "BEGIN; SELECT FROM crm.customer FOR UPDATE", name: "test.hold")
                try await pairs.scan()
                #expect(try await pairs.list() == ["100 email name"])
                try await connection.execute(script: "ROLLBACK", name: "test.release")
            }
        }
    }

    @Test func `Tenants have no pairs with each other`() async throws {
        try await withMigratedDatabase { server in
            for slug in ["one", "two"] {
                let business = try await Business(in: server, slug: slug)
                _ = try await business.customer("Ada", email: "ada@mail.example", reference: "12345678")
                let duplicates = DuplicateService(database: business.database)
                let run = try await duplicates.scan(business.context)
                while try await !DuplicateFinder(database: business.database).scan(business.context, run.id) {}
                let found = try await duplicates.list(business.context, DuplicateFilter(), PageRequest())
                #expect(found.items.isEmpty)
            }
        }
    }
}
