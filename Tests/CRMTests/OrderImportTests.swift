import CRM
import Foundation
import Postgres
import Testing

@Suite("The import of orders")
struct OrderImportTests {
    private func withCustomers(_ body: (ImportFixture) async throws -> Void) async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name,stage\n1,One,\n2,Two,lost\n3,Three,actual\n4,Four,")
            try await body(fixture)
        }
    }

    @Test("creates orders with the tenant's currency and makes their potential customers actual")
    func creates() async throws {
        try await withCustomers { fixture in
            let report = try await fixture.orders(
                """
                ordered_on,customer_ref,amount,order_ref,quantity,currency
                2026-01-02,1,12.50,A,3,EUR
                ۲۰۲۶-۰۱-۰۳,2,۱۲۳۴٫۵,B,,
                2026-01-04,3,-7,C,,
                """)
            #expect(counts(report) == [3, 3, 0, 0])
            #expect(
                try await fixture.rows(
                    """
                    SELECT o.reference AS a, c.reference AS b, ordered_on AS c, amount AS d, quantity AS e, currency AS f,
                        (o.import_id IS NOT NULL) AS g
                    FROM crm.customer_order o JOIN crm.customer c ON c.id = o.customer_id ORDER BY 1
                    """) == [
                        "A|1|2026-01-02|12.5000|3|EUR|true", "B|2|2026-01-03|1234.5000|1|IRR|true",
                        "C|3|2026-01-04|-7.0000|1|IRR|true",
                    ])
            #expect(
                try await fixture.rows(
                    """
                    SELECT reference AS a, stage AS b, version AS c, (stage_changed_at > created_at) AS d
                    FROM crm.customer ORDER BY 1
                    """) == ["1|actual|2|true", "2|lost|1|false", "3|actual|1|false", "4|potential|1|false"])
            #expect(
                try await fixture.rows(
                    "SELECT data AS a FROM crm.event WHERE action = 'orders.imported' AND object_id = \(report.id)")
                    == [#"{"rows": 3, "created": 3, "updated": 0, "rejected": 0}"#])
        }
    }

    @Test("finds orders with references unchanged the second time, and changes what differs")
    func upserts() async throws {
        try await withCustomers { fixture in
            let file =
                "customer_ref,ordered_on,amount,order_ref,quantity,currency\n1,2026-01-02,5,A,2,EUR\n2,2026-01-02,5,B,,"
            let report = try await fixture.orders(file)
            #expect(counts(report) == [2, 2, 0, 0])
            #expect(try await counts(fixture.orders(file)) == [2, 0, 0, 2])
            // What is not given stays: quantity and currency.
            #expect(
                try await counts(fixture.orders("customer_ref,ordered_on,amount,order_ref\n1,2026-01-02,5.00,A")) == [
                    1, 0, 0, 1,
                ])
            #expect(
                try await counts(
                    fixture.orders(
                        "customer_ref,ordered_on,amount,order_ref\n1,2026-01-02,6,A\n4,2026-01-02,5,B\n4,2026-02-02,5,C"
                    ))
                    == [3, 1, 2, 0])
            #expect(
                try await fixture.rows(
                    """
                    SELECT o.reference AS a, c.reference AS b, amount AS c, quantity AS d, currency AS e, o.version AS f, c.stage AS g
                    FROM crm.customer_order o JOIN crm.customer c ON c.id = o.customer_id ORDER BY 1
                    """) == ["A|1|6.0000|2|EUR|2|actual", "B|4|5.0000|1|IRR|2|actual", "C|4|5.0000|1|IRR|1|actual"])
        }
    }

    @Test("always inserts rows without a reference, so the same file is refused the second time")
    func withoutReferences() async throws {
        try await withCustomers { fixture in
            let file = "customer_ref,ordered_on,amount,order_ref\n1,2026-01-02,5,\n1,2026-01-02,5,\n2,2026-01-02,5,A"
            #expect(try await counts(fixture.orders(file)) == [3, 3, 0, 0])
            do {
                _ = try await fixture.orders(file)
                Issue.record("the file was imported twice")
            } catch ServiceError.conflict(let code, _) {
                #expect(code == "duplicate_import")
            }
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order") == 3)
            #expect(try await counts(fixture.orders(file + "\n2,2026-01-03,5,B")) == [4, 3, 0, 1])
        }
    }

    @Test("takes the same file without references only once, also when it comes four times at once")
    func concurrent() async throws {
        try await withCustomers { fixture in
            let file =
                "customer_ref,ordered_on,amount\n" + (0..<1000).map { "\($0 % 4 + 1),2026-01-02,\($0)\n" }.joined()
            let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        do {
                            return "created \(try await fixture.orders(file).counts.created)"
                        } catch ServiceError.conflict(let code, _) {
                            return code
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.sorted() == ["created 1000", "duplicate_import", "duplicate_import", "duplicate_import"])
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order") == 1000)
        }
    }

    @Test("and of customers at once stand in each other's way no longer than they must")
    func mixed() async throws {
        try await withCustomers { fixture in
            let orders =
                "customer_ref,ordered_on,amount,order_ref\n"
                + (0..<500).map { "\($0 % 4 + 1),2026-01-02,1,o\($0)\n" }.joined()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<3 {
                    group.addTask { _ = try await fixture.orders(orders) }
                    group.addTask {
                        _ = try await fixture.customers(
                            "reference,name\n" + (1...4).reversed().map { "\($0),Name \(round)\n" }.joined())
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order") == 500)
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer WHERE stage = 'actual'") == 3)
        }
    }
}
