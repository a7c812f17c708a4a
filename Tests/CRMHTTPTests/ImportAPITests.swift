import CRM
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Files on their way in and out, as clients see them.
@Suite("Imports and exports")
struct ImportAPITests {
    private static let path = "/v1/customers/imports"

    @Test func `A file is taken in, imported by a job, and watched to its end`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let sent = try await api.send(
                TestRequest(.post, Self.path, "reference,name\n1,One\n2,\n", type: "text/csv"))
            #expect(try sent.status == 202 && sent.text("state") == "waiting" && sent.number("size") == 24)
            let id = try #require(try sent.text("id"))
            #expect(sent.headers[.location] == "\(Self.path)/\(id)")
            try await withOutbox { outbox in
                try await withHandlers(on: fixture.business.server, transport: outbox.transport()) { _ in
                    try await eventually { try await api.get("\(Self.path)/\(id)").text("state") == "done" }
                }
            }
            let done = try await api.get("\(Self.path)/\(id)")
            #expect(try [done.number("rows"), done.number("created"), done.number("rejected")] == [2, 1, 1])
            #expect(try done.value("progress") == .number(1) && done.text("actor_kind") == "key")
            let list = try await api.get("\(Self.path)?filter[state]=done")
            #expect(try list.ids() == [id])
            #expect(try await api.get("\(Self.path)?filter[state]=failed").ids() == [])
            let file = try await api.get("\(Self.path)/\(id)/rejected-rows/file")
            #expect(file.headers[.contentDisposition] == "attachment; filename=\"rejected.csv\"")
            #expect(file.body == "import_row,import_errors,reference,name\r\n3,name: A new customer has a name.,2,\r\n")
            #expect(try await api.get("/v1/orders/imports/\(id)").status == 404)
            #expect(try await api.post("\(Self.path)/\(id)/cancel").text("state") == "done")
            let resumed = try await api.post("\(Self.path)/\(id)/resume")
            #expect(try resumed.status == 409 && resumed.text("code") == "not_resumable")
            let cancelled = try await api.send(
                TestRequest(.post, Self.path, "reference,name\n1,One\n", type: "text/csv"))
            let other = try #require(try cancelled.text("id"))
            #expect(try await api.post("\(Self.path)/\(other)/cancel").text("state") == "cancelled")
            #expect(try await api.post("\(Self.path)/\(other)/resume").text("state") == "waiting")
        }
    }

    @Test func `How a file is read is said beside it, and what is wrong with that is told`() async throws {
        try await HTTPFixture.with { fixture in
            let columns =
                #"{"Code":"reference","Who":"name","Colour":null}"#
                .addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let report = try await fixture.upload(
                .customers, "Code;Who;Colour\n1;One;red\n",
                query: "?delimiter=semicolon&columns=\(columns)&mode=all_or_nothing")
            #expect(try report.number("created") == 1 && report.text("mode") == "all_or_nothing")
            let tried = try await fixture.upload(.customers, "reference,name\n2,Two\n", query: "?dry_run=true")
            #expect(try tried.number("created") == 1 && tried.value("dry_run") == .bool(true))
            #expect(try await fixture.api.get("/v1/customers").ids().count == 1)
            let lines = try await fixture.upload(
                .customers, #"{"email": "one@a.example", "name": "E"}"#, query: "?key=email",
                type: "application/x-ndjson")
            #expect(try lines.number("created") == 1 && lines.text("format") == "ndjson")
            for (query, type, place) in [
                ("?key=colour", "text/csv", "key"), ("?mode=some", "text/csv", "mode"),
                ("?columns=[]", "text/csv", "columns"),
                ("?dry_run=perhaps", "text/csv", "dry_run"), ("?encoding=ebcdic", "text/csv", "encoding"),
            ] {
                let answer = try await fixture.upload(.customers, "reference,name\n1,One\n", query: query, type: type)
                #expect(try answer.status == 400 && answer.text("errors/0/pointer") == place, "\(query)")
            }
            let charset = try await fixture.upload(
                .customers, "reference,name\n1,One\n", type: "text/csv; charset=koi8-r")
            #expect(charset.status == 415)
            let header = try await fixture.upload(.customers, "reference,colour\n1,red\n")
            #expect(try header.status == 422 && header.text("errors/0/code") == "unknown_column")
            #expect(
                try await fixture.upload(.orders, "customer_ref,ordered_on,amount\n1,2026-01-01,1", query: "?key=email")
                    .status == 400)
        }
    }

    @Test(arguments: ["csv", "ndjson"])
    func `What goes out can come in again, and is the same`(format: String) async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let market = try await fixture.business.record(MarketValues(name: "Tehran"))
            _ = try await api.addCustomer(#"{"name": "Company", "kind": "organisation", "reference": "C"}"#)
            let company = try #require(try await api.get("/v1/customers?filter[reference]=C").ids().first)
            _ = try await api.addCustomer(
                #"""
                {"name": "=HYPERLINK(\"http://a.example\")", "names": {"Latn": "Mina"}, "reference": "-1", "references": {"shop": "7"},
                 "stage": "actual", "birth_date": "1990-03-21", "language": "en", "time_zone": "Asia/Tehran", "source": "fair; or so",
                 "acquisition_cost": {"amount": "12.5", "currency": "IRR"}, "tags": ["a;b", "@c"], "attributes": {"n": 1, "t": "x\ny"},
                 "market_ids": ["\#(market.id)"], "organisation_id": "\#(company)",
                 "contact_points": [{"channel": "email", "address": "mina@a.example", "is_primary": true},
                                    {"channel": "email", "address": "work@a.example"},
                                    {"channel": "phone", "address": "+98 912 000", "is_primary": true},
                                    {"channel": "sms", "address": "+98 912 001"},
                                    {"channel": "postal", "address": "Tehran; Valiasr 12", "is_primary": true}]}
                """#)
            let mina = try #require(try await api.get("/v1/customers?filter[references]=shop:7").ids().first)
            for said in [
                #"{"customer_id": "\#(mina)", "channel": "email", "is_granted": true, "given_at": "2025-03-01T08:30:00Z"}"#,
                #"{"customer_id": "\#(mina)", "channel": "sms", "is_granted": false, "given_at": "2025-04-01T08:30:00Z"}"#,
            ] {
                try #require(try await api.post("/v1/consents", said).status == 201)
            }
            let file = try await api.get("/v1/customers/export?format=\(format)")
            #expect(file.status == 200 && file.headers[.contentDisposition]?.contains("customers.\(format)") == true)
            if format == "csv" {
                #expect(file.body.contains(",\"'=HYPERLINK(\"\"http://a.example\"\")\","))
                #expect(file.body.contains(",'+98 912 000,") && file.body.contains(",'-1,"))
            }
            let type = format == "csv" ? "text/csv" : "application/x-ndjson"
            let same = try await fixture.upload(.customers, file.body, query: "?key=id", type: type)
            #expect(try [same.number("rows"), same.number("unchanged")] == [2, 2], "\(same.body)")
            // Into nothing: everything is there again but for the ids.
            try await withMigratedDatabase { server in
                let business = try await Business(in: server)
                _ = try await business.record(MarketValues(name: "Tehran"))
                var options = ImportOptions()
                options.format = format == "csv" ? .csv : .ndjson
                options.columns = ["id": nil]
                let report = try await importFile(
                    business.database, business.context, .customers, Array(file.body.utf8), options)
                #expect(report.counts == ImportCounts(rows: 2, created: 2))
                let export = CustomerExport(database: business.database)
                let again = try await export.piece(business.context, CustomerFilter(), .csv, after: nil).bytes
                let before = try await CustomerExport(database: fixture.business.database)
                    .piece(fixture.business.context, CustomerFilter(), .csv, after: nil).bytes
                #expect(Self.known(again) == Self.known(before))
            }
        }
    }

    /// The rows without ids and times.
    private static func known(_ csv: [UInt8]) -> Set<String> {
        Set(
            String(decoding: csv, as: UTF8.self).split(separator: "\r\n").dropFirst().map { row in
                row.split(separator: ",", omittingEmptySubsequences: false).dropFirst().dropLast(2).joined(
                    separator: ",")
            })
    }

    @Test func `An export is of whom the filter names, over any number of pieces, packed for who takes it`()
        async throws
    {
        try await HTTPFixture.with(isLive: true) { fixture in
            let rows = (1...4500).map { "R\($0),Customer \($0)\n" }.joined()
            _ = try await importFile(
                fixture.business.database, fixture.business.context, .customers, Array("reference,name\n\(rows)".utf8))
            let plain = try await fixture.api.get("/v1/customers/export?bom=true")
            let lines = plain.body.split(separator: "\r\n")
            #expect(lines.count == 4501 && lines[0].hasPrefix("\u{FEFF}id,reference,name"))
            #expect(Set(lines.dropFirst().map { $0.split(separator: ",")[1] }).count == 4500)
            let packed = try await fixture.api.bytes("/v1/customers/export", headers: [.acceptEncoding: "gzip"])
            #expect(packed.headers[.contentEncoding] == "gzip" && packed.body.count < plain.body.utf8.count / 3)
            var options = ImportOptions()
            (options.isGzip, options.key) = (true, "id")
            let same = try await importFile(
                fixture.business.database, fixture.business.context, .customers, packed.body, options)
            #expect(same.counts == ImportCounts(rows: 4500))
            let few = try await fixture.api.get("/v1/customers/export?filter[reference][in]=R1,R2&format=ndjson")
            #expect(few.body.split(separator: "\n").count == 2)
            #expect(try await fixture.api.get("/v1/customers/export?format=xml").status == 400)
            let audit = try await fixture.api.get("/v1/audit?filter[action]=customers.exported")
            #expect(try audit.ids().count == 3)
        }
    }
}
