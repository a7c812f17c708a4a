import Postgres

/// Orders from the staging table into the tenant's.
enum OrderWriteStatements {
    /// Gives the number of new orders. Leaving the known ones out first is cheaper than conflicts.
    static func insert(_ tenant: Tenant.ID, _ importID: FileImport.ID, currency: String) -> Statement<Int> {
        Statement(
            "import.insert_orders",
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, reference, ordered_on, quantity, amount, currency,
                import_id)
            SELECT \(tenant), s.id, s.customer_id, s.reference, s.ordered_on, coalesce(s.quantity, 1), s.amount,
                coalesce(s.currency, \(currency)), \(importID)
            FROM pg_temp.import_order s
            WHERE s.order_id IS NULL
            ON CONFLICT (tenant_id, reference) WHERE deleted_at IS NULL DO NOTHING
            """)
    }

    /// Changes the orders that were there before and differ; gives their number.
    static func update(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.update_orders",
            """
            UPDATE crm.customer_order o SET customer_id = s.customer_id, ordered_on = s.ordered_on,
                ordered_at = CASE WHEN o.ordered_on = s.ordered_on THEN o.ordered_at END,
                quantity = coalesce(s.quantity, o.quantity), amount = s.amount, currency = coalesce(s.currency, o.currency),
                version = o.version + 1, updated_at = now()
            FROM pg_temp.import_order s
            WHERE o.tenant_id = \(tenant) AND o.id = s.order_id AND o.deleted_at IS NULL
                AND o.id = ANY (ARRAY(SELECT k.order_id FROM pg_temp.import_order k WHERE k.order_id IS NOT NULL))
                AND (o.customer_id <> s.customer_id OR o.ordered_on <> s.ordered_on OR o.amount <> s.amount
                    OR o.quantity <> s.quantity OR o.currency <> s.currency)
            """)
    }

    /// Customers that bought are not potential any more.
    static func promoteCustomers(_ importID: FileImport.ID, by context: TenantContext) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            "import.promote_customers",
            """
            WITH promoted AS (
                UPDATE crm.customer c SET stage = 'actual', stage_changed_at = now(), stage_reason = 'first order',
                    version = c.version + 1, updated_at = now()
                WHERE c.tenant_id = \(tenant) AND c.stage = 'potential' AND c.deleted_at IS NULL
                    AND c.id = ANY (ARRAY(SELECT s.customer_id FROM pg_temp.import_order s))
                RETURNING c.id
            )
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, reason, actor_kind, actor_id)
            SELECT \(tenant), \(ImportStatements.id(of: "p.id")), p.id, 'potential', 'actual', 'first order', \(context.actor.kind),
                \(context.actor.id)
            FROM promoted p
            ON CONFLICT DO NOTHING
            """)
    }

    /// Rows that did not arrive: their customer was deleted or merged meanwhile, or an order with the same reference was added or
    /// removed.
    static func countLost(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.count_lost_orders",
            """
            SELECT count(*) FROM pg_temp.import_order s
            WHERE (SELECT c.id FROM crm.customer c
                    WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id AND c.deleted_at IS NULL) IS NULL
                OR coalesce(
                    (SELECT o.customer_id FROM crm.customer_order o
                        WHERE o.tenant_id = \(tenant) AND o.id = s.order_id AND o.deleted_at IS NULL),
                    (SELECT o.customer_id FROM crm.customer_order o
                        WHERE o.tenant_id = \(tenant) AND o.id = s.id AND o.deleted_at IS NULL)) IS DISTINCT FROM s.customer_id
            """, one: { try $0.next() })
    }

    /// The customers whose orders they are.
    static func customers(_ tenant: Tenant.ID) -> Statement<[Customer.ID]> {
        Statement(
            "import.customers_of_orders", "SELECT DISTINCT s.customer_id FROM pg_temp.import_order s",
            all: { try $0.next() })
    }
}
