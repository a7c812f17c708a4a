import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What is kept of a person, and what is left when the person is forgotten.
@Suite("Privacy")
struct PrivacyTests {
    /// What tells of a person in one table or another, each in a place of its own.
    private static let marks = (1...12).map { "mark\($0)x" } + ["ada@mail.example", "Good"]

    /// A customer of whom everything is known that can be.
    private static func marked(_ filled: FilledBusiness, _ api: TestAPI) async throws -> String {
        let path = "/v1/customers/\(filled.customer.id)"
        let profile = try await api.patch(
            path,
            """
            {"name": "mark1x", "names": {"Latn": "mark2x"}, "reference": "mark3x", "references": {"shop": "mark4x"},
             "tags": ["mark5x"], "attributes": {"note": "mark6x"}, "stage": "lost", "stage_reason": "mark7x",
             "contact_points": [{"channel": "email", "address": "mark8x@b.example"}]}
            """)
        try #require(profile.status == 200, "\(profile)")
        let call = try await api.patch(
            "/v1/interactions/\(filled.interaction.id)", #"{"subject": "mark9x", "outcome": "mark10x"}"#)
        try #require(call.status == 200)
        let order = try await api.post(
            "/v1/orders",
            """
            {"customer_id": "\(filled.customer.id)", "ordered_on": "2026-03-01", "reference": "mark11x",
             "lines": [{"description": "mark12x", "unit_price": "5"}]}
            """)
        try #require(order.status == 201)
        return path
    }

    /// Every row of every table, as text.
    private static func everything(_ server: TestDatabase) async throws -> String {
        try await server.texts(
            """
            SELECT query_to_xml(format('SELECT t::text FROM %s t', c.oid::regclass), false, true, '')::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('crm', 'job', 'platform') AND c.relkind IN ('r', 'p')
            """
        ).joined(separator: "\n")
    }

    private static func with(_ body: @Sendable (FilledBusiness, TestAPI) async throws -> Void) async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            try await TestAPI.with(server) { api in
                var api = api
                api.key = filled.secret
                try await body(filled, api)
            }
        }
    }

    @Test func `Every table with a customer in it is shown and forgotten`() async throws {
        try await withMigratedDatabase { server in
            let tables = try await server.texts(
                """
                SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'crm'
                JOIN pg_attribute a ON a.attrelid = c.oid
                LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.confrelid = 'crm.customer'::regclass
                WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
                    AND (k.oid IS NOT NULL OR a.attname IN ('customer_id', 'first_id'))
                """)
            // Those on whose behalf another one speaks: the customer's own row, or being deleted like everybody else.
            for (routine, others) in [
                ("person", ["customer_tag", "customer_market", "customer_reference"]),
                ("forget_customer", ["segment_member"]),
            ] {
                let text = try await server.texts(
                    "SELECT prosrc FROM pg_proc WHERE pronamespace = 'crm'::regnamespace AND proname = \(routine)"
                ).joined()
                let unnamed = tables.filter { text.range(of: "crm\\.\($0)\\b", options: .regularExpression) == nil }
                #expect(Set(unnamed) == Set(others), "\(routine)")
            }
            #expect(tables.count > 15)
        }
    }

    @Test func `A person is told everything that is kept`() async throws {
        try await Self.with { filled, api in
            let path = try await Self.marked(filled, api)
            let export = try await api.get("\(path)/personal-data")
            #expect(export.status == 200)
            for mark in Self.marks { #expect(export.body.contains(mark), "\(mark)") }
            for list in [
                "contact_points", "consents", "current_consents", "stage_changes", "segments", "interactions", "orders",
                "invitations", "responses", "changes",
            ] {
                #expect(try !export.list("data/\(list)").isEmpty, "\(list)")
            }
            #expect(!export.body.contains("tenant_id") && !export.body.contains("unit_cost"))
            // Also of one who was deleted; of a stranger nothing.
            #expect(try await api.delete(path).status == 204)
            #expect(try await api.get("\(path)/personal-data").text("data/customer/name") == "mark1x")
            #expect(try await api.get("/v1/customers/\(UUID())/personal-data").status == 404)
            let log = try await api.get("/v1/audit?filter[action]=customer.exported")
            #expect(try log.ids().count == 2, "\(log)")
        }
    }

    @Test func `Of a person who is forgotten nothing is left in any table, and of everybody else everything`()
        async throws
    {
        try await Self.with { filled, api in
            let path = try await Self.marked(filled, api)
            let server = filled.business.server
            // A file's rows that were wrong are about somebody, too.
            let file =
                "reference,name,email\n,mark1x,other@mail.example\n,Other,ADA@mail.example\n,Bob,bob@mail.example\n"
            let report = try await importFile(
                filled.business.database, filled.business.context, .customers, Array(file.utf8))
            #expect(report.counts.rejected == 3)
            let before = try await Self.everything(server)
            for mark in Self.marks { #expect(before.contains(mark), "\(mark)") }
            let orders = try await server.texts("SELECT sum(amount)::text FROM crm.customer_order")
            #expect(try await api.delete("\(path)/personal-data").status == 204)
            let after = try await Self.everything(server)
            for mark in Self.marks + ["ADA@mail.example"] { #expect(!after.contains(mark), "\(mark)") }
            for mark in ["bob@mail.example", "cid@mail.example", "Sons"] { #expect(after.contains(mark), "\(mark)") }
            // What counts is there without saying of whom.
            #expect(try await server.texts("SELECT sum(amount)::text FROM crm.customer_order") == orders)
            let scores = try await server.texts("SELECT count(*)::text FROM crm.answer WHERE score = 9")
            #expect(scores == ["1"])
            for answer in [
                try await api.get(path), try await api.get("\(path)/personal-data"),
                try await api.delete("\(path)/personal-data"), try await api.post("\(path)/restore"),
                try await api.get("\(path)/timeline"),
            ] {
                #expect(answer.status == 404)
            }
            #expect(try await api.get("/v1/customers?filter[is_deleted]=true").ids() == [filled.deleted.id.description])
            let log = try await api.get("/v1/audit?filter[action]=customer.erased")
            #expect(try log.ids().count == 1)
            // The link of a letter leads nowhere.
            let link = try await api.get("/s/\(filled.answered)")
            #expect(link.status == 404 || link.status == 410, "\(link.status)")
        }
    }

    @Test func `Rows of files are forgotten however they write what tells of a person`() async throws {
        try await Self.with { filled, api in
            let name = #"سارا \"نیک\" ۱/2 😀"#
            let sara = try await api.addCustomer(
                #"""
                {"name": "\#(name)", "names": {"Latn": "Sara Nik"}, "contact_points": [{"channel": "email", "address": "sara@b.example"}]}
                """#)
            var options = ImportOptions()
            options.format = .ndjson
            // All of them lack a reference, by which they would be found.
            let lines = #"""
                {"name": "\u0633\u0627\u0631\u0627 \"\u0646\u06cc\u06A9\" \u06F1\/2 \uD83D\ude00"}
                {"name": "سارا \u0022نیک\" ۱/\u0032 😀"}
                {"name": "Other", "email": "\u0053\u0061RA\u0040b.example"}
                {"name": "\u0053ara Nik"}
                {"name": "\u0633\u0627\u0631\u0627"}
                {"name": "Sara Nix"}
                """#
            let business = filled.business
            let report = try await importFile(
                business.database, business.context, .customers, Array(lines.utf8), options)
            let csv = try await importFile(
                business.database, business.context, .customers,
                Array("reference,name\n,\"سارا \"\"نیک\"\" ۱/2 😀\"\n,=Sara\n".utf8))
            #expect(report.counts.rejected == 6 && csv.counts.rejected == 2)
            #expect(try await api.delete("/v1/customers/\(sara)/personal-data").status == 204)
            let left = try await business.server.texts(
                "SELECT content FROM crm.import_reject WHERE import_id IN (\(report.id), \(csv.id)) ORDER BY import_id, row_number"
            )
            #expect(left == [#"{"name": "\u0633\u0627\u0631\u0627"}"#, #"{"name": "Sara Nix"}"#, ",=Sara"])
        }
    }

    @Test func `Who wanted no mail gets none, though nobody knows any more who that was`() async throws {
        try await Self.with { filled, api in
            let business = filled.business
            let cid = try await business.customers.search(business.context, "cid").first?.customer
            let id = try #require(cid?.id)
            #expect(try await api.delete("/v1/customers/\(id)/personal-data").status == 204)
            #expect(try await !Self.everything(business.server).contains("cid@mail.example"))
            let again = try await business.customer("Somebody", email: "CID@mail.example")
            let segment = try await business.segment("Again", of: [again])
            let campaign = try await business.campaign("Again", filled.survey, to: segment)
            let preview = try await api.post("/v1/campaigns/\(campaign.id)/preview")
            #expect(preview.status == 200 && preview.body.contains("suppressed"), "\(preview)")
        }
    }

    @Test func `An organisation is not forgotten while people belong to it`() async throws {
        try await Self.with { filled, api in
            let path = "/v1/customers/\(filled.organisation.id)/personal-data"
            let refused = try await api.delete(path)
            #expect(try refused.status == 409 && refused.text("code") == "in_use")
            #expect(try await api.delete("/v1/customers/\(filled.customer.id)/personal-data").status == 204)
            #expect(try await api.delete(path).status == 204)
        }
    }
}
