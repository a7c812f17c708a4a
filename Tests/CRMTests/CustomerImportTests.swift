import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("The import of customers")
struct CustomerImportTests {
    @Test("creates customers with addresses, consent and the tenant's language, one import and one event")
    func creates() async throws {
        try await ImportFixture.with { fixture in
            let report = try await fixture.customers(
                #"""
                Name, REFERENCE ,email,phone,kind,stage,language,time_zone,consent
                علی,0001,ali@a.example,۰۲۱ ۱۲۳۴,,,,,yes
                Acme,0002,,,organisation,actual,en,Europe/Berlin,no
                "Doe, ""J""",0003,,,,,,,
                """#)
            #expect(counts(report) == [3, 3, 0, 0])
            #expect(
                try await fixture.rows(
                    """
                    SELECT reference AS a, name AS b, kind AS c, stage AS d, language AS e, coalesce(time_zone, '-') AS f,
                        version AS g, (import_id IS NOT NULL) AS h FROM crm.customer ORDER BY reference
                    """) == [
                        "0001|علی|person|potential|fa|-|1|true",
                        "0002|Acme|organisation|actual|en|Europe/Berlin|1|true",
                        "0003|Doe, \"J\"|person|potential|fa|-|1|true",
                    ])
            #expect(
                try await fixture.rows(
                    "SELECT channel AS a, address AS b, is_primary AS c FROM crm.contact_point ORDER BY channel")
                    == ["email|ali@a.example|true", "phone|۰۲۱ ۱۲۳۴|true"])
            #expect(
                try await fixture.rows(
                    """
                    SELECT c.reference AS a, k.channel AS b, k.is_granted AS c, k.source AS d FROM crm.consent k
                    JOIN crm.customer c ON c.id = k.customer_id ORDER BY 1
                    """) == ["0001|email|true|import", "0002|email|false|import"])
            #expect(
                try await fixture.rows(
                    "SELECT action AS a, object_kind AS b, data AS c FROM crm.event WHERE object_kind = 'import' ORDER BY occurred_at"
                )
                    == [
                        #"import.created|import|{"kind": "customers"}"#,
                        #"customers.imported|import|{"rows": 3, "created": 3, "updated": 0, "rejected": 0}"#,
                    ])
            #expect(
                try await fixture.rows(
                    "SELECT kind AS a, row_count AS b, created_count AS c, id AS d FROM crm.import")
                    == ["customers|3|3|\(report.id)"])
        }
    }

    @Test("finds everything unchanged the second time, and changes only what the file says anew")
    func upserts() async throws {
        try await ImportFixture.with { fixture in
            let first = """
                reference,name,email,phone,language,consent
                1,One,one@a.example,+98 21 1234,en,yes
                2,Two,two@a.example,,,
                3,Three,,,,no
                """
            let report = try await fixture.customers(first)
            #expect(counts(report) == [3, 3, 0, 0])
            for _ in 0..<2 { #expect(try await counts(fixture.customers(first)) == [3, 0, 0, 3]) }
            #expect(try await fixture.count("SELECT sum(version) FROM crm.customer") == 3)

            // Empty cells and absent columns erase nothing; the same address in another spelling is the same.
            #expect(
                try await counts(
                    fixture.customers("reference,name,email,phone\n1,One,,\n2,Two,TWO@A.example,\n3,Three,,"))
                    == [3, 0, 0, 3])
            let second = """
                reference,name,email,phone,stage,consent
                1,One,new@a.example,,,
                2,Deux,,,,
                3,Three,three@a.example,1234 5,actual,yes
                4,Four,four@a.example,,,
                """
            #expect(try await counts(fixture.customers(second)) == [4, 1, 3, 0])
            #expect(try await counts(fixture.customers(second)) == [4, 0, 0, 4])
            #expect(
                try await fixture.rows(
                    "SELECT reference AS a, name AS b, stage AS c, language AS d, version AS e FROM crm.customer ORDER BY 1"
                ) == [
                    "1|One|potential|en|2", "2|Deux|potential|fa|2", "3|Three|actual|fa|2", "4|Four|potential|fa|1",
                ])
            #expect(
                try await fixture.rows(
                    """
                    SELECT c.reference AS a, p.address AS b, p.is_primary AS c FROM crm.contact_point p
                    JOIN crm.customer c ON c.id = p.customer_id ORDER BY 1, 2
                    """) == [
                        "1|+98 21 1234|true", "1|new@a.example|true", "1|one@a.example|false", "2|two@a.example|true",
                        "3|1234 5|true", "3|three@a.example|true", "4|four@a.example|true",
                    ])
            #expect(try await fixture.count("SELECT count(*) FROM crm.consent WHERE is_granted") == 2)
            // The earlier address is known: a file that still has it does not push the newer one away.
            #expect(try await counts(fixture.customers(first)) == [3, 0, 2, 1])
            #expect(
                try await fixture.rows(
                    "SELECT address AS a FROM crm.contact_point WHERE is_primary AND channel = 'email' ORDER BY 1")
                    == ["four@a.example", "new@a.example", "three@a.example", "two@a.example"])
        }
    }

    @Test("takes consent back, but does not undo an unsubscription")
    func consent() async throws {
        try await ImportFixture.with { fixture in
            func file(_ consent: String) -> String { "reference,name,consent\n1,One,\(consent)" }
            let report = try await fixture.customers(file("yes"))
            #expect(counts(report) == [1, 1, 0, 0])
            #expect(try await counts(fixture.customers(file("no"))) == [1, 0, 1, 0])
            #expect(try await counts(fixture.customers(file("yes"))) == [1, 0, 1, 0])
            try await fixture.server.execute("UPDATE crm.consent SET is_granted = false, source = 'unsubscribe'")
            #expect(try await counts(fixture.customers(file("yes"))) == [1, 0, 0, 1])
            #expect(
                try await fixture.rows("SELECT is_granted AS a, source AS b FROM crm.consent") == ["false|unsubscribe"])
        }
    }

    @Test("reads every usual form of a file")
    func forms() async throws {
        try await ImportFixture.with { fixture in
            let forms = [
                "\u{FEFF}reference,name\r\n1,سارا\r\n", "reference,name\r1,سارا",
                "\"name\",\"reference\"\n\n\"سارا\",1\n\n",
                "reference,name,email\n 1 , سارا ,\n",
            ]
            for (index, form) in forms.enumerated() {
                let report = try await fixture.customers(form)
                #expect(counts(report) == (index == 0 ? [1, 1, 0, 0] : [1, 0, 0, 1]))
            }
        }
    }

    @Test("needs the scope")
    func scope() async throws {
        try await ImportFixture.with { fixture in
            let (_, secret) = try await APIKeyService(database: fixture.tenant.database).create(
                fixture.tenant.context, name: "reader", scopes: [.customersRead])
            let access = try await AccessControl(database: fixture.tenant.database)
            let context = try await access.authenticator.authenticate(secret).context
            await #expect(throws: ServiceError.forbidden(scope: "customers:write")) {
                try await fixture.service.create(context, .customers, .whole, from: URL(filePath: "/dev/null"))
            }
            await #expect(throws: ServiceError.forbidden(scope: "orders:write")) {
                try await fixture.service.create(context, .orders, .whole, from: URL(filePath: "/dev/null"))
            }
        }
    }

    @Test("leaves another tenant alone, also with the same references")
    func otherTenant() async throws {
        try await ImportFixture.with { first in
            let second = ImportFixture(
                server: first.server, tenant: try await makeTenant(in: first.server, slug: "second", locale: "en-GB"))
            #expect(try await counts(first.customers("reference,name,email\n1,First,a@a.example")) == [1, 1, 0, 0])
            #expect(try await counts(second.customers("reference,name\n1,Second")) == [1, 1, 0, 0])
            #expect(try await counts(first.customers("reference,name,email\n1,Changed,b@a.example")) == [1, 0, 1, 0])
            #expect(
                try await first.rows("SELECT name AS a, language AS b, version AS c FROM crm.customer ORDER BY name")
                    == ["Changed|fa|2", "Second|en|1"])
            let unknown = try await second.refusal {
                _ = try await first.customers("reference,name\n2,Two")
                return try await second.orders("customer_ref,ordered_on,amount\n2,2026-01-01,1")
            }
            #expect(places(unknown) == ["2 customer_ref unknown_customer"])
        }
    }

    @Test("lets two imports of the same references at once both succeed, without doubles")
    func concurrent() async throws {
        try await ImportFixture.with { fixture in
            let file =
                "reference,name,email,consent\n"
                + (1...2000).map { "\($0),Name \($0),c\($0)@a.example,yes\n" }.joined()
            let reports = try await withThrowingTaskGroup(of: FileImport.self) { group in
                for _ in 0..<4 { group.addTask { try await fixture.customers(file) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.map(\.counts.created).sorted() == [0, 0, 0, 2000])
            #expect(reports.map(\.counts.unchanged).sorted() == [0, 2000, 2000, 2000])
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 2000)
            #expect(try await fixture.count("SELECT count(*) FROM crm.contact_point") == 2000)
        }
    }

    @Test("waits for its turn when another import holds the tenant for too long")
    func busy() async throws {
        try await ImportFixture.with(limits: ImportLimits(patience: .milliseconds(100))) { fixture in
            try await Connection.with(fixture.server.configuration()) { other in
                try await other.execute(
                    script: "SELECT pg_advisory_lock(hashtextextended('import:' || id, 0)) FROM platform.tenant",
                    name: "test.lock")
                do {
                    _ = try await fixture.customers("reference,name\n1,One")
                    Issue.record("the import did not wait")
                } catch is ImportRunner.Busy {}
            }
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 0)
            let states = try await fixture.service.list(
                fixture.tenant.context, .customers, ImportFilter(), try PageRequest()
            ).items.map(\.state)
            #expect(states == [.running])
        }
    }
}
