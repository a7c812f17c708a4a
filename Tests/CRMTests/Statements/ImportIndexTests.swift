import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// A step of an import looks each of its rows up; whatever an index is entered with, all customers of the tenant are not read for it.
@Suite("Index use of imports")
struct ImportIndexTests {
    @Test func `Customers and orders of a file are looked up row by row, whatever they are found by`() async throws {
        try await withMigratedDatabase { server in
            let large = try await LargeBusiness(in: server)
            let context = large.filled.business.context
            // As many numbers as there are addresses.
            try await server.execute(
                """
                INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
                SELECT p.tenant_id, gen_random_uuid(), p.customer_id, 'phone', '0912' || lpad((row_number() OVER ())::text, 7, '0'), true
                FROM crm.contact_point p WHERE p.channel = 'email' AND p.customer_id IS NOT NULL AND p.is_primary AND NOT EXISTS (
                    SELECT FROM crm.contact_point q WHERE q.customer_id = p.customer_id AND q.channel = 'phone')
                """)
            try await server.execute("ANALYZE crm.contact_point")
            for key in ["reference", "email", "phone", "id", "references.shop"] {
                let terms = CustomerImportTerms(
                    key: CustomerImportKey(key), currency: "IRR", language: "fa", zone: .gmt, hasDetails: true,
                    attributes: [:],
                    markets: [:], owners: [:])
                try await expectLookUps(of: CustomerImport(context: context, id: .make(), terms: terms), large)
            }
            try await expectLookUps(
                of: OrderImport(context: context, id: .make(), terms: OrderImportTerms(currency: "IRR")), large)
        }
    }

    private func expectLookUps(of writing: some ImportWriting, _ large: LargeBusiness) async throws {
        let prelude = [ImportStatements.prepare(ImportLimits())] + writing.makeTables
        let statements = writing.checks.map { ($0.name, $0.sql) } + writing.writes.all.map { ($0.name, $0.sql) }
        var lookUps = 0
        for (name, sql) in statements {
            let plan = try await large.plan(of: sql, after: prelude)
            for table in ["customer", "contact_point", "customer_order", "customer_reference", "consent"] {
                #expect(!plan.lines.contains { $0.contains("Seq Scan on \(table) ") }, "\(name):\n\(plan)")
            }
            for (line, condition) in zip(plan.lines, plan.lines.dropFirst())
            where condition.contains("Index Cond:") && condition.contains("tenant_id = ") {
                // Whether any customer was made one with another is asked once, of an index that holds these alone.
                if line.contains(" using customer_merged_"), !condition.contains("reference = ") { continue }
                lookUps += 1
                let rest = condition.replacing("tenant_id = ", with: "")
                let isOfOne = ["id = ", "reference = ", "address_key = "].contains { rest.contains($0) }
                #expect(isOfOne, "\(name): \(condition)")
            }
        }
        #expect(lookUps >= 5)
    }
}
