package import Postgres

package enum ExportStatements {
    /// The next customers in the order of their ids.
    package static func customers(
        _ tenant: Tenant.ID, _ filter: CustomerFilter, after last: Customer.ID?, limit: Int
    ) -> Statement<[ExportedCustomer]> {
        let after: SQL = last.map { "AND c.id > \($0)" } ?? ""
        return Statement(
            "export.customers",
            """
            SELECT c.id, c.reference, c.name, c.kind, c.stage, c.stage_reason, p.channels, p.addresses, c.language, c.time_zone,
                k.channels, k.grants, k.times, c.birth_date, c.source, c.acquisition_amount, c.acquisition_currency, c.tags,
                CASE WHEN c.market_ids = '{}' THEN '{}' ELSE ARRAY(SELECT m.name FROM crm.market m
                    WHERE m.tenant_id = c.tenant_id AND m.id = ANY (c.market_ids) ORDER BY m.name) END,
                (SELECT o.email FROM crm.member o WHERE o.tenant_id = c.tenant_id AND o.id = c.owner_id),
                (SELECT g.reference FROM crm.customer g WHERE g.tenant_id = c.tenant_id AND g.id = c.organisation_id),
                c.names, c.external_references, c.attributes, c.created_at, c.updated_at
            FROM crm.customer c
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(q.channel), '{}') AS channels, coalesce(array_agg(q.address), '{}') AS addresses
                FROM (SELECT a.channel, a.address FROM crm.contact_point a
                    WHERE a.tenant_id = c.tenant_id AND a.customer_id = c.id AND a.deleted_at IS NULL
                    ORDER BY a.channel, a.is_primary DESC, a.id) AS q
            ) AS p
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(w.channel), '{}') AS channels, coalesce(array_agg(w.is_granted), '{}') AS grants,
                    coalesce(array_agg(w.given_at), '{}') AS times
                FROM crm.consent w WHERE w.tenant_id = c.tenant_id AND w.customer_id = c.id
            ) AS k
            WHERE c.tenant_id = \(tenant) \(filter.condition(of: tenant, after: last)) \(after)
            ORDER BY c.id LIMIT \(limit)
            """, all: ExportedCustomer.init(row:))
    }

    /// The next orders in the order of their times. A reference is no longer that of who was deleted: it may be another one's by now.
    package static func orders(
        _ tenant: Tenant.ID, _ filter: OrderFilter, after last: ExportedOrder.Position?, limit: Int
    ) -> Statement<[ExportedOrder]> {
        let after: SQL = last.map { "AND (o.happened_at, o.id) > (\($0.happenedAt), \($0.id))" } ?? ""
        return Statement(
            "export.orders",
            """
            SELECT o.happened_at, o.id, o.reference,
                (SELECT c.reference FROM crm.customer c
                    WHERE c.tenant_id = o.tenant_id AND c.id = o.customer_id AND c.deleted_at IS NULL),
                o.ordered_on, o.quantity, o.amount, o.currency, o.created_at, o.updated_at
            FROM crm.customer_order o WHERE o.tenant_id = \(tenant) AND o.deleted_at IS NULL \(filter.condition) \(after)
            ORDER BY o.happened_at, o.id LIMIT \(limit)
            """, all: ExportedOrder.init(row:))
    }
}
