import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Files whose rows stand against each other, or against what a column takes.
@Suite("Files that are imported with care")
struct ImportCareTests {
    private static func rejected(
        _ fixture: ImportFixture, _ file: String, key: String = "reference", format: ImportOptions.Format = .csv
    ) async throws -> (report: FileImport, places: [String]) {
        var options = ImportOptions()
        (options.key, options.format) = (key, format)
        let report = try await fixture.customers(file, options)
        return (report, places(try await fixture.rejected(report).flatMap(\.errors)))
    }

    @Test func `One address in two spellings is one customer`() async throws {
        try await ImportFixture.with { fixture in
            let mail = try await Self.rejected(
                fixture, "email,name\nAli@x.example,Ali\nali@X.example,Ali\n", key: "email")
            #expect(mail.report.counts.created == 1 && mail.places == ["3 email duplicate"])
            let phone = try await Self.rejected(fixture, "phone,name\n0912 123 4567,A\n۰۹۱۲-۱۲۳۴۵۶۷,A\n", key: "phone")
            #expect(phone.report.counts.created == 1 && phone.places == ["3 phone duplicate"])
        }
    }

    @Test func `A reference that another customer has is refused, whatever the rows are found by`() async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name,references.erp\n1001,First,\n7,Second,7")
            let found = try await Self.rejected(
                fixture, "references.erp,reference,name\n1001,1001,New\n7,1001,Second\n8,8,Third\n",
                key: "references.erp")
            #expect(found.places == ["2 reference taken", "3 reference taken"] && found.report.counts.created == 1)
        }
    }

    @Test func `Who belongs to an organisation whose row is wrong is refused with it`() async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name,references.shop\n1,One,S-1\nO-9,Org,")
            let found = try await Self.rejected(
                fixture,
                """
                reference,name,kind,organisation,references.shop
                O-1,Company,organisation,,S-1
                2,Person,,O-1,
                O-2,Other,organisation,,
                3,Person,,O-2,
                """)
            #expect(found.places == ["2 references.shop taken", "3 organisation not_found"])
            #expect(found.report.counts.created == 2)
            _ = try await fixture.customers("reference,kind\nO-9,organisation")
            let nested = try await Self.rejected(fixture, "reference,organisation\nO-9,O-2\n")
            #expect(nested.places == ["2 organisation not_allowed"])
        }
    }

    @Test func `What no column keeps is refused with its row, and the others come in`() async throws {
        try await ImportFixture.with { fixture in
            let json = #"""
                {"reference": "1", "name": "A", "attributes": {"a": "\u0000"}}
                {"reference": "2", "\u0000": 1}
                {"reference": "3", "name": "C", "tags": ["x\u0000"]}
                {"reference": "4", "name": "D", "tags": ["x", "x"]}
                {"reference": "5", "name": "E", "Name": "F"}
                """#
            let lines = try await Self.rejected(fixture, json, format: .ndjson)
            #expect(lines.report.state == .done && lines.report.counts.created == 1)
            #expect(lines.places.map { $0.prefix(1) } == ["1", "2", "3", "5"])
            let cells =
                "reference,name,tags,attributes\n6,F,\"[\"\"a\"\",\"\"a\"\"]\",\n7,G,,\"{\"\"a\"\":\"\"\\u0000\"\"}\"\n"
            let csv = try await Self.rejected(fixture, cells)
            #expect(csv.report.counts.created == 1 && csv.places == ["3 attributes zero_byte"])
            #expect(
                try await fixture.rows("SELECT tags AS a FROM crm.customer WHERE reference IN ('4', '6')") == [
                    #"["x"]"#, #"["a"]"#,
                ])
            let large = String(repeating: "x", count: 9000)
            let fat = try await Self.rejected(
                fixture, "reference,name,attributes.a,attributes.b\n8,H,\(large),\(large)\n")
            #expect(fat.places == ["2 attributes too_large"])
        }
    }

    @Test func `A row that is too long to be kept is told without half of its text`() async throws {
        try await ImportFixture.with { fixture in
            let long = String(repeating: "x", count: 40_000)
            let report = try await fixture.customers(
                "reference,name,email,phone\n1,A,\(long),\(long)\n2,,,\n", ImportOptions())
            #expect(try await fixture.rejected(report).map(\.content) == ["", "2,,,"])
            let file = String(decoding: RejectedFile.csv(try await fixture.rejected(report), of: report), as: UTF8.self)
            #expect(file.hasSuffix(",\r\n3,name: A new customer has a name.,2,,,\r\n"))
        }
    }

    @Test func `Blank lines without end are not read without end`() async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRowBytes: 1 << 20)) { fixture in
            let errors = try await fixture.refusal {
                try await fixture.customers(
                    bytes: Array("reference,name\n1,A\n".utf8) + [UInt8](repeating: 0x0A, count: 4 << 20))
            }
            #expect(errors.map(\.code) == ["too_large"])
        }
    }

    @Test func `An import that was made before there were options is shown`() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers("reference,name\n1,One")
            try await fixture.server.execute("UPDATE crm.import SET options = '{}'")
            let found = try await fixture.service.find(fixture.tenant.context, .customers, report.id)
            #expect(found.options == ImportOptions())
        }
    }

    @Test func `Of a file that came before somebody was forgotten nothing is kept for long once it ended early`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(maximumRejected: 1, batchRows: 1)) { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            let service = ImportService(database: database)
            let chunks: SQL = "SELECT count(*) FROM crm.import_chunk"
            _ = try await fixture.refusal {
                try await fixture.customers("reference,name\n1,One\n2,\n3,\n", ImportOptions())
            }
            try await service.forgetOld(context)
            #expect(try await fixture.count(chunks) == 1)
            // As if it were still under way.
            try await fixture.server.execute(
                "UPDATE crm.import SET state = 'running', ended_at = NULL, failure_code = NULL, failure_detail = NULL")
            let customers = try await CustomerService(database: database).list(
                context, CustomerFilter(), try PageRequest())
            try await PrivacyService(database: database).erase(context, try #require(customers.items.first).id)
            try await service.forgetOld(context)
            #expect(try await fixture.count(chunks) == 1)
            let imports = try await service.list(context, .customers, ImportFilter(), try PageRequest())
            let id = try #require(imports.items.first).id
            _ = try await service.cancel(context, .customers, id)
            try await service.forgetOld(context)
            #expect(try await fixture.count(chunks) == 0)
            await #expect(throws: ServiceError.self) { try await service.resume(context, .customers, id) }
        }
    }

    @Test func `A file of orders that made nothing may be sent again`() async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name\n1,One")
            let file = "customer_ref,ordered_on,amount\n1,2026-01-01,5\n9,2026-01-01,5\n"
            let refused = try await fixture.refusal { try await fixture.orders(file) }
            #expect(places(refused) == ["3 customer_ref unknown_customer"])
            let report = try await fixture.orders(file, ImportOptions())
            #expect(report.counts.created == 1 && report.counts.rejected == 1)
        }
    }
}
