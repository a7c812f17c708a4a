import Postgres

/// Orders of a file in the tables of one transaction, and what is wrong with them beside others and what the tenant has.
enum OrderStagingStatements {
    static let createStaging = Statement<Void>(
        effect: "import.create_order_staging",
        """
        CREATE TEMPORARY TABLE import_order (
            row_number integer NOT NULL, id uuid NOT NULL, customer_reference text NOT NULL, reference text,
            ordered_on date NOT NULL, amount numeric(18, 4) NOT NULL, quantity integer, currency text, customer_id uuid, order_id uuid
        ) ON COMMIT DROP
        """)

    static let empty = Statement<Void>(effect: "import.empty_orders", "TRUNCATE pg_temp.import_order")

    static let removeFaulty = Statement<Void>(
        effect: "import.remove_faulty_orders",
        """
        DELETE FROM pg_temp.import_order s
        WHERE s.row_number IN (SELECT f.row_number FROM pg_temp.import_fault f)
        """)

    /// Finds the customers by their references, and the orders by theirs.
    static func resolve(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_orders",
            """
            UPDATE pg_temp.import_order s SET customer_id = \(CustomerStagingStatements.customer(tenant, "s.customer_reference")),
                order_id = (SELECT o.id FROM crm.customer_order o
                    WHERE o.tenant_id = \(tenant) AND o.reference = s.reference AND o.deleted_at IS NULL)
            """)
    }

    static let index = Statement<Void>(
        effect: "import.index_orders",
        "CREATE INDEX ON pg_temp.import_order (order_id) WHERE order_id IS NOT NULL")

    /// Has those wait who would merge or delete the customers, in the order in which everybody locks them.
    static func lockCustomers(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.lock_customers_of_orders",
            """
            SELECT c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL
                AND c.id = ANY (ARRAY(SELECT s.customer_id FROM pg_temp.import_order s WHERE s.customer_id IS NOT NULL))
            ORDER BY c.id FOR NO KEY UPDATE
            """)
    }

    /// Rows whose reference stands in an earlier row too.
    static let duplicates = Statement<Void>(
        effect: "import.duplicate_orders",
        StagingStatements.noting(
            """
            SELECT d.row_number, 'order_ref', 'duplicate', '"' || d.reference || '" stands also in row ' || d.first || '.'
            FROM (SELECT s.row_number, s.reference, min(s.row_number) OVER (PARTITION BY s.reference) AS first
                FROM pg_temp.import_order s WHERE s.reference IS NOT NULL) AS d
            WHERE d.row_number > d.first
            """))

    static func repeated(_ tenant: Tenant.ID, _ id: FileImport.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.repeated_orders",
            StagingStatements.noting(
                """
                SELECT s.row_number, 'order_ref', 'duplicate', '"' || s.reference || '" stands also in an earlier row.'
                FROM pg_temp.import_order s
                WHERE (SELECT o.import_id FROM crm.customer_order o WHERE o.tenant_id = \(tenant) AND o.id = s.order_id) = \(id)
                """))
    }

    static let unknownCustomers = Statement<Void>(
        effect: "import.unknown_customers",
        StagingStatements.noting(
            """
            SELECT s.row_number, 'customer_ref', 'unknown_customer', 'No customer has the reference "' || s.customer_reference || '".'
            FROM pg_temp.import_order s WHERE s.customer_id IS NULL
            """))

    /// Rows that say something else of an order that has lines or of which something came back: what those say would not fit.
    static func settledOrders(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.settled_orders",
            StagingStatements.noting(
                """
                SELECT s.row_number, 'amount', 'has_lines',
                    'The order has lines, or something came back of it; change it through the API.'
                FROM pg_temp.import_order s
                CROSS JOIN LATERAL (SELECT k.* FROM crm.customer_order k
                    WHERE k.tenant_id = \(tenant) AND k.id = s.order_id LIMIT 1) AS o
                WHERE (o.amount <> s.amount OR o.quantity <> s.quantity OR o.currency <> s.currency)
                    AND (o.returned_amount <> 0 OR (SELECT l.order_id FROM crm.order_line l
                        WHERE l.tenant_id = \(tenant) AND l.order_id = o.id LIMIT 1) IS NOT NULL)
                """))
    }
}
