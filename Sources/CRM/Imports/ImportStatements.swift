public import Postgres

/// What imports of every kind have in common.
enum ImportStatements {
    /// The customers that a staged file is about.
    static func customers(_ tenant: Tenant.ID, _ kind: ImportReport.Kind) -> Statement<[Customer.ID]> {
        let staged: SQL =
            switch kind {
            case .customers: "SELECT s.reference FROM pg_temp.import_customer s"
            case .orders: "SELECT s.customer_reference FROM pg_temp.import_order s"
            }
        return Statement(
            kind == .customers ? "import.customers" : "import.customers_of_orders",
            """
            SELECT c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL AND c.reference IN (\(staged))
            """, all: { try $0.next() })
    }

    /// The server's settings for the rest of the transaction: time for a large file, memory for joins with it.
    static func prepare(_ limits: ImportLimits) -> Statement<Void> {
        Statement(
            effect: "import.prepare",
            """
            SELECT set_config('statement_timeout', \(milliseconds(limits.timeout)), true),
                set_config('lock_timeout', \(milliseconds(limits.patience)), true),
                set_config('work_mem', '64MB', true), set_config('jit', 'off', true)
            """)
    }

    private static func milliseconds(_ duration: Duration) -> String {
        String(Int(max(1, duration / .milliseconds(1)).rounded(.up)))
    }

    /// Keeps the planner from nested loops over a large file: after a first import the tables have no statistics yet, it takes
    /// them for empty, and the time would grow with the square of the rows.
    static func plan(rows: Int) -> Statement<Void> {
        Statement(
            effect: "import.plan", "SELECT set_config('enable_nestloop', \(rows > 1000 ? "off" : "on"), true)")
    }

    /// The import of the same bytes that must not be repeated, if there was one.
    static func earlier(_ tenant: Tenant.ID, _ kind: ImportReport.Kind, digest: Bytes) -> Statement<ImportReport.ID?> {
        Statement(
            "import.earlier",
            """
            SELECT id FROM crm.import
            WHERE tenant_id = \(tenant) AND kind = \(kind) AND digest = \(digest) AND NOT has_references
            """, optional: { try $0.next() })
    }

    /// The id of what an import notes of a customer, once for each: made of both, since chance has no place in a change of rows.
    static func id(of customer: SQL, _ id: ImportReport.ID) -> SQL {
        "md5(\(id)::uuid::text || \(customer)::text)::uuid"
    }

    /// Waits until no other import of the tenant writes, for the import's patience.
    static func lock(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: lockName, "SELECT pg_advisory_xact_lock(hashtextextended(\("import:\(tenant)"), 0))")
    }

    static let lockName: StaticString = "import.lock"

    static func find(_ tenant: Tenant.ID, _ id: ImportReport.ID) -> Statement<ImportReport?> {
        Statement(
            "import.find",
            """
            SELECT id, kind, row_count, created_count, updated_count FROM crm.import
            WHERE tenant_id = \(tenant) AND id = \(id)
            """,
            optional: { row in
                ImportReport(
                    id: try row.next(), kind: try row.next(), rows: try row.next(), created: try row.next(),
                    updated: try row.next())
            })
    }

    static func record(
        _ tenant: Tenant.ID, _ report: ImportReport, digest: Bytes, hasReferences: Bool
    ) -> Statement<Int> {
        Statement(
            "import.record",
            """
            INSERT INTO crm.import (tenant_id, id, kind, digest, has_references, row_count, created_count, updated_count,
                unchanged_count)
            VALUES (\(tenant), \(report.id), \(report.kind), \(digest), \(hasReferences), \(report.rows),
                \(report.created), \(report.updated), \(report.unchanged))
            """)
    }
}

extension ImportReport.Kind: PostgresEncodable, PostgresDecodable {}
