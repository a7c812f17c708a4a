import Postgres

/// Orders from the staging table into the tenant's.
enum OrderImportStatements {
    static let copy: StaticString = "COPY pg_temp.import_order FROM STDIN (FORMAT binary)"

    static let createStaging = Statement<Void>(
        effect: "import.create_order_staging",
        """
        CREATE TEMPORARY TABLE import_order (
            row_number integer NOT NULL, id uuid NOT NULL, customer_reference text NOT NULL, reference text,
            ordered_on date NOT NULL, amount numeric(18, 4) NOT NULL, quantity integer, currency text
        ) ON COMMIT DROP
        """)

    static let analyze = Statement<Void>(effect: "import.analyze_orders", "ANALYZE pg_temp.import_order")

    /// How many rows have a reference of their own.
    static let countReferences = Statement<Int>(
        "import.count_order_references", "SELECT count(reference) FROM pg_temp.import_order", one: { try $0.next() })

    /// Rows whose reference stands in an earlier row too.
    static func duplicates(limit: Int) -> Statement<[(row: Int, reference: String, first: Int)]> {
        Statement(
            "import.duplicate_orders",
            """
            SELECT s.row_number, s.reference, d.first_row
            FROM pg_temp.import_order s JOIN (
                SELECT reference, min(row_number) AS first_row FROM pg_temp.import_order
                WHERE reference IS NOT NULL GROUP BY reference HAVING count(*) > 1
            ) d ON d.reference = s.reference
            WHERE s.row_number > d.first_row ORDER BY s.row_number LIMIT \(limit)
            """, all: { row in (try row.next(), try row.next(), try row.next()) })
    }

    /// Rows whose customer the tenant does not have.
    static func unknownCustomers(_ tenant: Tenant.ID, limit: Int) -> Statement<[(row: Int, reference: String)]> {
        Statement(
            "import.unknown_customers",
            """
            SELECT s.row_number, s.customer_reference FROM pg_temp.import_order s
            WHERE NOT EXISTS (
                SELECT FROM crm.customer c
                WHERE c.tenant_id = \(tenant) AND c.reference = s.customer_reference AND c.deleted_at IS NULL)
            ORDER BY s.row_number LIMIT \(limit)
            """, all: { row in (try row.next(), try row.next()) })
    }

    /// Gives the number of new orders. Leaving the known ones out first is cheaper than conflicts.
    static func insert(_ tenant: Tenant.ID, _ importID: ImportReport.ID, currency: String) -> Statement<Int> {
        Statement(
            "import.insert_orders",
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, reference, ordered_on, quantity, amount, currency,
                import_id)
            SELECT \(tenant), s.id, c.id, s.reference, s.ordered_on, coalesce(s.quantity, 1), s.amount,
                coalesce(s.currency, \(currency)), \(importID)
            FROM pg_temp.import_order s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.reference = s.customer_reference AND c.deleted_at IS NULL
            WHERE NOT EXISTS (
                SELECT FROM crm.customer_order o
                WHERE o.tenant_id = \(tenant) AND o.reference = s.reference AND o.deleted_at IS NULL)
            ON CONFLICT (tenant_id, reference) WHERE deleted_at IS NULL DO NOTHING
            """)
    }

    /// Whether an order of the import is one of a customer who was deleted, or made one with another one, meanwhile.
    static func hasLostCustomers(_ tenant: Tenant.ID, _ importID: ImportReport.ID) -> Statement<Bool> {
        Statement(
            "import.has_lost_customers",
            """
            SELECT EXISTS (SELECT FROM pg_temp.import_order s
                JOIN crm.customer_order o ON o.tenant_id = \(tenant) AND o.id = s.id AND o.import_id = \(importID)
                JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = o.customer_id AND c.deleted_at IS NOT NULL)
            """, one: { try $0.next() })
    }

    /// Rows that say something else of an order that has lines or of which something came back: what those say would not fit.
    static func settledOrders(_ tenant: Tenant.ID, limit: Int) -> Statement<[Int]> {
        Statement(
            "import.settled_orders",
            """
            SELECT s.row_number FROM pg_temp.import_order s
            JOIN crm.customer_order o ON o.tenant_id = \(tenant) AND o.reference = s.reference AND o.deleted_at IS NULL
            WHERE (o.amount <> s.amount OR o.quantity <> s.quantity OR o.currency <> s.currency)
                AND (o.returned_amount <> 0 OR EXISTS (SELECT FROM crm.order_line l
                    WHERE l.tenant_id = \(tenant) AND l.order_id = o.id))
            ORDER BY s.row_number LIMIT \(limit)
            """, all: { try $0.next() })
    }

    /// Changes the orders that were there before and differ; gives their number.
    static func update(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.update_orders",
            """
            UPDATE crm.customer_order o SET customer_id = c.id, ordered_on = s.ordered_on,
                ordered_at = CASE WHEN o.ordered_on = s.ordered_on THEN o.ordered_at END,
                quantity = coalesce(s.quantity, o.quantity), amount = s.amount, currency = coalesce(s.currency, o.currency),
                version = o.version + 1, updated_at = now()
            FROM pg_temp.import_order s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.reference = s.customer_reference AND c.deleted_at IS NULL
            WHERE o.tenant_id = \(tenant) AND o.reference = s.reference AND o.deleted_at IS NULL AND o.id <> s.id
                AND (o.customer_id <> c.id OR o.ordered_on <> s.ordered_on OR o.amount <> s.amount
                    OR o.quantity <> s.quantity OR o.currency <> s.currency)
            """)
    }

    /// Customers that bought are not potential any more.
    static func promoteCustomers(_ importID: ImportReport.ID, by context: TenantContext) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            "import.promote_customers",
            """
            WITH promoted AS (
                UPDATE crm.customer c SET stage = 'actual', stage_changed_at = now(), stage_reason = 'first order',
                    version = c.version + 1, updated_at = now()
                WHERE c.tenant_id = \(tenant) AND c.stage = 'potential' AND c.deleted_at IS NULL
                    AND EXISTS (SELECT FROM pg_temp.import_order s WHERE s.customer_reference = c.reference)
                RETURNING c.id
            )
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, reason, actor_kind, actor_id)
            SELECT \(tenant), \(ImportStatements.id(of: "p.id", importID)), p.id, 'potential', 'actual', 'first order', \(context.actor.kind),
                \(context.actor.id)
            FROM promoted p
            ON CONFLICT DO NOTHING
            """)
    }

    /// How many references of the file have their order now: all, unless one was deleted meanwhile.
    static func countPresent(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.count_orders",
            """
            SELECT count(*) FROM pg_temp.import_order s
            JOIN crm.customer_order o ON o.tenant_id = \(tenant) AND o.reference = s.reference AND o.deleted_at IS NULL
            """, one: { try $0.next() })
    }
}
