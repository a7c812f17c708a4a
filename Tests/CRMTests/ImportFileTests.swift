import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Files of every form, the columns that they may have, and what becomes of rows that are wrong.
@Suite("Files that are imported")
struct ImportFileTests {
    private static func options(_ change: (inout ImportOptions) -> Void) -> ImportOptions {
        var options = ImportOptions()
        change(&options)
        return options
    }

    private static let names: SQL =
        "SELECT reference AS a, name AS b FROM crm.customer WHERE deleted_at IS NULL ORDER BY 1"

    @Test func `Rows that are wrong are left out and kept with their text, and the others are imported`() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers(
                "reference,name,email\n1,One,\n2,,\n3,Three,nobody\n\n1,Again,\n4,\"Four\nlines\",\n", ImportOptions())
            #expect(report.state == .done && report.progress == 1)
            #expect(report.counts == ImportCounts(rows: 5, created: 2, updated: 0, rejected: 3))
            let rejected = try await fixture.rejected(report)
            #expect(
                places(rejected.flatMap(\.errors)) == ["3 name required", "4 email invalid", "6 reference duplicate"])
            #expect(rejected.map(\.content) == ["2,,", "3,Three,nobody", "1,Again,"])
            #expect(try await fixture.rows(Self.names) == ["1|One", "4|Four\nlines"])
        }
    }

    @Test func `The file of rejected rows can be mended and sent again`() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers(
                "reference;name;email\n1;\"One; \"\"1\"\"\";nobody\n2;=Two;\n3;a\"b;\n",
                Self.options { $0.delimiter = .semicolon })
            let rows = try await fixture.rejected(report)
            let file = String(
                decoding: RejectedFile.header(of: report) + RejectedFile.csv(rows, of: report), as: UTF8.self)
            #expect(
                file
                    == #"""
                    import_row,import_errors,reference,name,email
                    2,email: An e-mail address such as name@host.example.,1,"One; ""1""",nobody
                    4,name: A quotation mark stands inside the cell: quote the whole cell and double the marks in it.,"3;a""b;"

                    """#.replacing("\n", with: "\r\n"))
            let mended = file.replacing("nobody", with: "one@a.example").replacing("\"3;a\"\"b;\"", with: "3,ab,")
            #expect(try await counts(fixture.customers(mended, ImportOptions())) == [2, 2, 0, 0])
            #expect(try await fixture.rows(Self.names) == ["1|One; \"1\"", "2|=Two", "3|ab"])
        }
    }

    @Test func `Rejected objects come as they were sent, with the reasons beside, and can be sent again`() async throws
    {
        try await ImportFixture.with { fixture in
            let options = Self.options { $0.format = .ndjson }
            let report = try await fixture.customers(
                #"""
                {"reference": "1", "name": "One", "email": "nobody", "attributes": {"n": 1.5}}
                {"reference": "2"}
                no object
                """#, options)
            let file = String(decoding: RejectedFile.ndjson(try await fixture.rejected(report)), as: UTF8.self)
            let lines = file.split(separator: "\n")
            #expect(lines.count == 3 && lines[0].contains("\"import_row\":1"), "\(file)")
            #expect(lines[0].contains("\"import_errors\":\"email: "), "\(file)")
            #expect(lines[2].contains("\"content\":\"no object\""), "\(file)")
            let mended = file.replacing("nobody", with: "one@a.example")
                .replacing("\"reference\":\"2\"", with: "\"reference\":\"2\",\"name\":\"Two\"")
            let again = try await fixture.customers(mended, options)
            #expect(again.counts == ImportCounts(rows: 3, created: 2, updated: 0, rejected: 1))
            #expect(
                try await fixture.rows("SELECT reference AS a, attributes AS b FROM crm.customer ORDER BY 1")
                    == [#"1|{"n": 1.5}"#, "2|{}"])
        }
    }

    @Test(arguments: ["reference,name", "reference,name,tags"])
    func `A new customer has what each must have, whatever columns a file has`(header: String) async throws {
        try await ImportFixture.with { fixture in
            let context = fixture.tenant.context
            var club = CustomerAttributeValues(name: "club", type: .text)
            club.isRequired = true
            _ = try await RecordService<CustomerAttributeValues>(database: fixture.tenant.database).create(
                context, club)
            let cells = header.hasSuffix("tags") ? "1,One,x" : "1,One"
            let report = try await fixture.customers("\(header)\n\(cells)\n", ImportOptions())
            #expect(try await places(fixture.rejected(report).flatMap(\.errors)) == ["2 attributes.club required"])
            let right = try await fixture.customers("\(header),attributes.club\n\(cells),gold\n", ImportOptions())
            #expect(right.counts.created == 1)
        }
    }

    @Test func `What looks like a formula is the same however often rejected rows go out and come in`() async throws {
        try await ImportFixture.with { fixture in
            let options = Self.options { $0.columns = ["=Code": "reference", "'-Who": "name", "＠": nil] }
            var file = "=Code,'-Who,email,＠\n=1,＝One,nobody,=x\n'+2,\"\n=Two\",nobody,\n''-3,' @Three,nobody,'\n"
            for _ in 0..<3 {
                let report = try await fixture.customers(file, options)
                let rows = try await fixture.rejected(report)
                #expect(report.counts.rejected == 3)
                file = String(
                    decoding: RejectedFile.header(of: report) + RejectedFile.csv(rows, of: report), as: UTF8.self)
                for cell in [
                    "import_row,import_errors,'=Code,''-Who,email,'＠", "'=1,'＝One,", ",'+2,\"'\n=Two\",",
                    ",''-3,\"' @Three\",",
                ] {
                    #expect(file.contains(cell) && file.split(separator: "import_row").count == 1, "\(file)")
                }
            }
            let mended = file.replacing("nobody", with: "")
            #expect(try await counts(fixture.customers(mended, options)) == [3, 3, 0, 0])
            #expect(try await fixture.rows(Self.names) == ["'-3| @Three", "+2|\n=Two", "=1|＝One"])
        }
    }

    @Test func `All or nothing leaves nothing when a row is wrong, and can be resumed when that was mended elsewhere`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 2)) { fixture in
            let file =
                "customer_ref,ordered_on,amount,order_ref\n1,2026-01-01,1,a\n1,2026-01-02,1,b\n9,2026-01-03,1,c\n"
            _ = try await fixture.customers("reference,name\n1,One")
            let report = try await importFile(
                fixture.tenant.database, fixture.tenant.context, .orders, Array(file.utf8), .whole,
                limits: fixture.service.limits)
            #expect(report.state == .failed && report.failure?.code == "rows_rejected")
            #expect(report.counts == ImportCounts(rows: 3, created: 0, updated: 0, rejected: 1))
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order") == 0)
            _ = try await fixture.customers("reference,name\n9,Nine")
            #expect(try await fixture.service.resume(fixture.tenant.context, .orders, report.id).state == .waiting)
            try await ImportRunner(database: fixture.tenant.database).run(fixture.tenant.context, report.id)
            let found = try await fixture.service.find(fixture.tenant.context, .orders, report.id)
            #expect(found.state == .done && found.counts == ImportCounts(rows: 3, created: 3, updated: 0, rejected: 0))
            #expect(try await fixture.rejected(found) == [])
            #expect(try await fixture.count("SELECT count(*) FROM crm.import_chunk") == 0)
        }
    }

    @Test func `A dry run checks and counts everything, and nothing stays`() async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 2)) { fixture in
            _ = try await fixture.customers("reference,name\n1,One")
            let before = try await fixture.everything()
            let file = "reference,name\n1,Changed\n2,Two\n3,\n2,Twice\n4,Four"
            let tried = try await fixture.customers(file, Self.options { $0.isDryRun = true })
            #expect(tried.state == .done)
            #expect(tried.counts == ImportCounts(rows: 5, created: 2, updated: 1, rejected: 2))
            #expect(try await fixture.rejected(tried).map(\.row) == [4, 5])
            #expect(try await fixture.everything() == before)
            let real = try await fixture.customers(file, ImportOptions())
            #expect(real.counts == tried.counts)
        }
    }

    @Test func `Columns are called what the mapping says, and what is mapped to nothing is passed over`() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers(
                "Code,Full name,Colour,ایمیل\n1,One,red,one@a.example",
                Self.options { $0.columns = ["Code": "reference", "Full name": "name", "Colour": nil] })
            #expect(counts(report) == [1, 1, 0, 0])
            #expect(try await fixture.rows("SELECT address AS a FROM crm.contact_point") == ["one@a.example"])
            let missing = try await fixture.refusal {
                try await fixture.customers("reference,name\n1,One", Self.options { $0.columns = ["Nothing": "email"] })
            }
            #expect(places(missing) == ["1 - missing_column"])
        }
    }

    @Test func `Everything that is known of customers can come from a file`() async throws {
        try await ImportFixture.with { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            let tehran = try await RecordService<MarketValues>(database: database).create(
                context, MarketValues(name: "Tehran"))
            let attributes = RecordService<CustomerAttributeValues>(database: database)
            _ = try await attributes.create(
                context, CustomerAttributeValues(name: "club", type: .choice, choices: ["gold", "silver"]))
            _ = try await attributes.create(context, CustomerAttributeValues(name: "visits", type: .number))
            let file = """
                reference,name,kind,organisation,birth_date,source,acquisition_amount,tags,markets,names.Latn,references.shop,attributes.club,attributes.visits
                A,شرکت الف,organisation,,,,,,,,,,
                1,مینا,,A,۱۳۶۹/۰۱/۰۱,fair,۱۲٫۵,poetry; vip;poetry,tehran;\(tehran.id),Mina,S-1,gold,۱۲
                2,B,,nobody,1990-02-30,,x,,Nowhere,,S-1,iron,many
                """
            let report = try await fixture.customers(file, ImportOptions())
            #expect(report.counts == ImportCounts(rows: 3, created: 2, updated: 0, rejected: 1))
            #expect(
                Set(places(try await fixture.rejected(report).flatMap(\.errors))) == [
                    "4 birth_date invalid", "4 acquisition_amount invalid", "4 markets not_found",
                    "4 attributes.club type",
                    "4 attributes.visits type",
                ])
            let customers = CustomerService(database: database)
            var filter = CustomerFilter()
            filter.references = ["1"]
            let mina = try #require(try await customers.list(context, filter, try PageRequest()).items.first).values
            filter.references = ["A"]
            let company = try #require(try await customers.list(context, filter, try PageRequest()).items.first)
            #expect(mina.organisationID == company.id && mina.birthDate?.description == "1990-03-21")
            #expect(mina.source == "fair" && mina.acquisitionCost == Money(amount: 12.5, currency: "IRR"))
            #expect(mina.tags == ["poetry", "vip"] && mina.marketIDs == [tehran.id])
            #expect(mina.names == ["Latn": "Mina"] && mina.references == ["shop": "S-1"])
            #expect(mina.attributes == ["club": .string("gold"), "visits": .number(12)])
            // What several may be had of is added to; a number of another system moves with its customer.
            let more = "reference,tags,names.Cyrl,references.shop\n1,new,Мина,S-2\n"
            #expect(try await counts(fixture.customers(more)) == [1, 0, 1, 0])
            filter.references = ["1"]
            let changed = try #require(try await customers.list(context, filter, try PageRequest()).items.first).values
            #expect(changed.tags == ["poetry", "vip", "new"] && changed.names == ["Latn": "Mina", "Cyrl": "Мина"])
            #expect(changed.references == ["shop": "S-2"] && changed.name == "مینا")
            #expect(try await counts(fixture.customers(more)) == [1, 0, 0, 1])
            var tagged = CustomerFilter()
            (tagged.tags, tagged.externalReference) = (["new"], ("shop", "S-2"))
            #expect(try await customers.list(context, tagged, try PageRequest()).items.count == 1)
            let taken = try await fixture.customers(
                "reference,name,references.shop,organisation\n7,G,S-2,A\n8,H,,nobody", ImportOptions())
            #expect(
                places(try await fixture.rejected(taken).flatMap(\.errors))
                    == ["2 references.shop taken", "3 organisation not_found"])
        }
    }

    @Test func `Customers are found by what is chosen`() async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers(
                "reference,name,email,phone,references.shop\n1,One,one@a.example,0912 1,S1\n2,Two,both@a.example,,\n3,Three,both@a.example,,"
            )
            let byEmail = try await fixture.customers(
                "email,name\nONE@A.example,Uno\nboth@a.example,Both\nnew@a.example,New\n,None",
                Self.options { $0.key = "email" })
            #expect(byEmail.counts == ImportCounts(rows: 4, created: 1, updated: 1, rejected: 2))
            #expect(
                places(try await fixture.rejected(byEmail).flatMap(\.errors)) == [
                    "3 email ambiguous", "5 email required",
                ])
            let byPhone = try await fixture.customers("phone,tags\n۰۹۱۲-1,a\n", Self.options { $0.key = "phone" })
            #expect(byPhone.counts.updated == 1)
            let bySystem = try await fixture.customers(
                "references.shop,name\nS1,Eins\nS9,Neun", Self.options { $0.key = "references.shop" })
            #expect(bySystem.counts == ImportCounts(rows: 2, created: 1, updated: 1, rejected: 0))
            let id = try #require(
                try await fixture.rows("SELECT id AS a FROM crm.customer WHERE reference = '1'").first)
            let byID = try await fixture.customers(
                "id,reference\n\(id),0001\n\(UUID()),7\nx,8", Self.options { $0.key = "id" })
            #expect(byID.counts == ImportCounts(rows: 3, created: 0, updated: 1, rejected: 2))
            #expect(
                places(try await fixture.rejected(byID).flatMap(\.errors)) == ["3 id unknown_customer", "4 id invalid"])
            #expect(
                try await fixture.rows(
                    "SELECT coalesce(reference, '-') AS a, name AS b FROM crm.customer ORDER BY 1, 2")
                    == ["-|Neun", "-|New", "0001|Eins", "2|Two", "3|Three"])
        }
    }

    @Test func `Objects a line say the same as rows of cells`() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers(
                #"""
                {"reference": "1", "name": "One", "tags": ["a;b", "c"], "names": {"Latn": "Wan"}, "attributes": {"n": 1}, "consent": true}

                {"reference": "2", "name": "Two", "colour": "red"}
                {"reference": "3", "name"
                ["a list"]
                {"reference": "4", "name": {"first": "F"}, "names": "x"}
                {"reference": 5, "name": "Five"}
                """#, Self.options { $0.format = .ndjson })
            #expect(report.counts == ImportCounts(rows: 6, created: 2, updated: 0, rejected: 4))
            #expect(
                places(try await fixture.rejected(report).flatMap(\.errors)) == [
                    "3 - unknown_column", "4 - malformed", "5 - type", "6 names type",
                ])
            #expect(
                try await fixture.rows(
                    "SELECT reference AS a, tags AS b, names AS c, attributes AS d FROM crm.customer ORDER BY 1")
                    == [#"1|["a;b", "c"]|{"Latn": "Wan"}|{"n": 1}"#, "5|[]|{}|{}"])
        }
    }

    @Test func `Windows-1256 is read when it is said so`() async throws {
        try await ImportFixture.with { fixture in
            // سلام پژگچ
            let name: [UInt8] = [0xD3, 0xE1, 0xC7, 0xE3, 0x20, 0x81, 0x8E, 0x90, 0x8D]
            let file = Array("reference,name\n1,".utf8) + name + Array("\n".utf8)
            let report = try await fixture.customers(bytes: file, Self.options { $0.encoding = .windows1256 })
            #expect(counts(report) == [1, 1, 0, 0])
            #expect(try await fixture.rows(Self.names) == ["1|سلام پژگچ"])
        }
    }
}
