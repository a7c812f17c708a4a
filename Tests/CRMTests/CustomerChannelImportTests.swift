import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Addresses and consents of files, channel by channel")
struct CustomerChannelImportTests {
    private static func addresses(_ fixture: ImportFixture) async throws -> [String] {
        try await fixture.rows(
            """
            SELECT c.reference AS a, p.channel AS b, p.address AS c, p.is_primary AS d FROM crm.contact_point p
            JOIN crm.customer c ON c.id = p.customer_id WHERE p.deleted_at IS NULL ORDER BY 1, 2, 3
            """)
    }

    private static func consents(_ fixture: ImportFixture) async throws -> [String] {
        try await fixture.rows(
            """
            SELECT k.channel AS a, k.is_granted AS b, k.source AS c,
                to_char(k.given_at AT TIME ZONE 'Asia/Tehran', 'YYYY-MM-DD HH24:MI') AS d FROM crm.consent k ORDER BY 1
            """)
    }

    @Test("a customer has as many addresses as the file says; those that are known stay as they are")
    func addresses() async throws {
        try await ImportFixture.with { fixture in
            let file = #"""
                reference,name,email,addresses.email,addresses.sms,addresses.postal
                1,One,one@a.example,work@a.example; home@a.example;ONE@a.example,12;0912 12345,Tehran; Valiasr 12
                2,Two,,two@a.example,09121234567,"[""Shiraz"", ""Qom""]"
                """#
            let errors = try await fixture.refusal { try await fixture.customers(file) }
            #expect(errors.map(\.column) == ["addresses.sms"])
            let mended = file.replacing("12;", with: "")
            #expect(try await counts(fixture.customers(mended)) == [2, 2, 0, 0])
            let known = [
                "1|email|home@a.example|false", "1|email|one@a.example|true", "1|email|work@a.example|false",
                "1|postal|Tehran; Valiasr 12|true", "1|sms|0912 12345|true", "2|email|two@a.example|true",
                "2|postal|Qom|false", "2|postal|Shiraz|true", "2|sms|09121234567|true",
            ]
            #expect(try await Self.addresses(fixture) == known)
            // In another spelling it is the same; the primary one stays that.
            let again = "reference,addresses.email,addresses.sms\n2,TWO@A.example;new@a.example,0912 123 4567"
            #expect(try await counts(fixture.customers(again)) == [1, 0, 1, 0])
            #expect(try await counts(fixture.customers(again)) == [1, 0, 0, 1])
            #expect(
                try await Self.addresses(fixture)
                    == (known + ["2|email|new@a.example|false"]).sorted())
        }
    }

    @Test("a customer has no more addresses than one may have, and a channel is one that there is")
    func bounds() async throws {
        try await ImportFixture.with { fixture in
            func many(_ from: Int, _ to: Int) -> String {
                (from...to).map { "m\($0)@a.example" }.joined(separator: ";")
            }
            func refused(_ file: String) async throws -> [String?] {
                try await fixture.refusal { try await fixture.customers(file) }.map(\.column)
            }
            #expect(try await refused("reference,name,addresses.email\n1,One,\(many(1, 21))") == ["addresses"])
            #expect(
                try await refused("reference,name,email,phone,addresses.email\n1,One,a@a.example,1234,\(many(1, 19))")
                    == ["addresses"])
            #expect(try await refused("reference,name,addresses.email\n1,One,\(many(1, 101))") == ["addresses"])
            #expect(
                try await counts(
                    fixture.customers("reference,name,email,addresses.email\n1,One,M1@a.example,\(many(1, 18))"))
                    == [1, 1, 0, 0])
            for more in ["addresses.email\n1,\(many(19, 21))", "email,addresses.email\n1,n@a.example,\(many(19, 20))"] {
                #expect(try await refused("reference,\(more)") == ["addresses"])
            }
            #expect(
                try await counts(fixture.customers("reference,addresses.email\n1,\(many(17, 20))")) == [1, 0, 1, 0])
            #expect(try await refused("reference,email\n1,n@a.example") == ["email"])
            // Who has more than that, since several were made one, is left alone as long as nothing is added.
            try await fixture.server.execute(
                """
                INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address)
                SELECT c.tenant_id, gen_random_uuid(), c.id, 'email', 'm' || n || '@a.example'
                FROM crm.customer c CROSS JOIN generate_series(21, 150) AS n
                """)
            #expect(
                try await counts(fixture.customers("reference,addresses.email\n1,\(many(1, 150))")) == [1, 0, 0, 1])
            let unknown = try await fixture.refusal {
                try await fixture.customers("reference,name,addresses.fax\n9,Nine,1")
            }
            #expect(unknown.map(\.code) == ["unknown_column"])
        }
    }

    @Test("addresses keep their order, and one that customers are found by is one row's alone")
    func keys() async throws {
        try await ImportFixture.with { fixture in
            var options = ImportOptions.whole
            options.key = "email"
            let order = (0..<9).shuffled().map { "m\($0)@a.example" }
            let file = "email,name,addresses.email\na@a.example,One,\(order.joined(separator: ";"))"
            #expect(try await counts(fixture.customers(file, options)) == [1, 1, 0, 0])
            #expect(
                try await fixture.rows("SELECT address AS a FROM crm.contact_point WHERE NOT is_primary ORDER BY id")
                    == order)
            for rows in [
                "c@a.example,Two,d@a.example\nD@a.example,Bob,", "d@a.example,Bob,\nc@a.example,Two,D@a.example",
            ] {
                let errors = try await fixture.refusal {
                    try await fixture.customers("email,name,addresses.email\n\(rows)", options)
                }
                #expect(errors.map(\.row) == [3] && errors.map(\.code) == ["duplicate"])
            }
        }
    }

    @Test("consent is told for each channel, with when it was given; what was said later stays")
    func consents() async throws {
        try await ImportFixture.with { fixture in
            let file = """
                reference,name,consent,consents_given_at.email,consents.sms,consents_given_at.sms,consents.phone
                1,One,yes,2025-03-01T08:30:00Z,no,1403-12-11,yes
                """
            #expect(try await counts(fixture.customers(file)) == [1, 1, 0, 0])
            let said = try await Self.consents(fixture)
            #expect(said.count == 3)
            #expect(said.first == "email|true|import|2025-03-01 12:00")
            #expect(said.last == "sms|false|import|2025-03-01 23:59")
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM crm.consent_record r JOIN crm.consent k USING (customer_id, channel, is_granted, given_at)"
                ) == 3)
            #expect(try await counts(fixture.customers(file)) == [1, 0, 0, 1])
            // What is older than what is known changes nothing; what is newer does.
            let older = "reference,consents.sms,consents_given_at.sms\n1,yes,2025-02-01"
            #expect(try await counts(fixture.customers(older)) == [1, 0, 0, 1])
            let newer = "reference,consents.sms,consents_given_at.sms\n1,yes,2025-04-01"
            #expect(try await counts(fixture.customers(newer)) == [1, 0, 1, 0])
            #expect(try await Self.consents(fixture).last == "sms|true|import|2025-04-01 00:00")
            // The same word said later outlasts what was said between, whichever file comes first.
            let later = "reference,consents.sms,consents_given_at.sms\n1,yes,2025-06-01"
            #expect(try await counts(fixture.customers(later)) == [1, 0, 1, 0])
            let between = "reference,consents.sms,consents_given_at.sms\n1,no,2025-05-01"
            #expect(try await counts(fixture.customers(between)) == [1, 0, 0, 1])
            #expect(try await Self.consents(fixture).last == "sms|true|import|2025-06-01 00:00")
            // A refusal that the customer said in another way stays, however new the file says that it is.
            try await fixture.server.execute("UPDATE crm.consent SET is_granted = false, source = 'unsubscribe'")
            let newest = "reference,consents.sms\n1,yes"
            #expect(try await counts(fixture.customers(newest)) == [1, 0, 0, 1])
        }
    }

    @Test("a later yes counts whichever file comes first, also where the first word was not a file's")
    func latest() async throws {
        let files = ["yes,2025-06-01", "no,2025-03-01"]
        for order in [files, files.reversed()] {
            try await ImportFixture.with { fixture in
                _ = try await fixture.customers(
                    "reference,name,consents.sms,consents_given_at.sms\n1,One,yes,2025-01-01")
                try await fixture.server.execute("UPDATE crm.consent SET source = 'api'")
                for said in order {
                    _ = try await fixture.customers("reference,consents.sms,consents_given_at.sms\n1,\(said)")
                }
                #expect(try await Self.consents(fixture) == ["sms|true|import|2025-06-01 00:00"])
            }
        }
    }

    @Test("a refusal outlasts consent of a file that does not say when it was given")
    func undated() async throws {
        try await ImportFixture.with { fixture in
            let file = "reference,name,consent,consents.sms,consents_given_at.sms\n1,One,yes,yes,2025-03-01"
            _ = try await fixture.customers(file)
            let refusals = """
                reference,consents.email,consents_given_at.email,consents.sms,consents_given_at.sms
                1,no,2024-12-15,no,2024-12-15
                """
            #expect(try await counts(fixture.customers(refusals)) == [1, 0, 1, 0])
            #expect(
                try await Self.consents(fixture)
                    == ["email|false|import|2024-12-15 23:59", "sms|true|import|2025-03-01 00:00"])
            #expect(try await counts(fixture.customers(refusals)) == [1, 0, 0, 1])
            // What stands in an object may have an empty column beside it.
            let both = #"reference,consents,consents.sms"# + "\n" + ##"1,"{""sms"": ""no""}","##
            #expect(try await counts(fixture.customers(both)) == [1, 0, 1, 0])
        }
    }

    @Test(
        "what cannot be is told with the column",
        arguments: [
            ("consents.sms", "maybe", "consents.sms"), ("consents_given_at.sms", "2025-01-01", "consents_given_at.sms"),
            ("consent,consents_given_at.email", "yes,tomorrow", "consents_given_at.email"),
            ("consent,consents_given_at.email", "yes,2999-01-01", "consents_given_at.email"),
            ("consent,consents.email", "yes,no", "consents.email"),
            ("consents,consents.sms", #""{""sms"": ""no""}",yes"#, "consents.sms"),
            ("addresses.email", "nobody", "addresses.email"), ("consents", "[1]", "consents"),
        ])
    func faults(_ columns: String, _ cells: String, _ column: String) async throws {
        try await ImportFixture.with { fixture in
            let errors = try await fixture.refusal {
                try await fixture.customers("reference,name,\(columns)\n1,One,\(cells)")
            }
            #expect(errors.map(\.column) == [column])
        }
    }
}
