import Foundation
public import Postgres

enum OrderStatements {
    private static let rows: SQL = """
        SELECT o.id, o.customer_id, o.reference, o.ordered_on, o.ordered_at, o.currency, o.amount, o.quantity, o.member_id,
            o.department_id, o.touchpoint_id, o.channel,
            o.returned_amount, o.margin_amount, o.version, o.created_at, o.updated_at, l.products, l.descriptions,
            l.quantities, l.prices, l.discounts, l.costs, l.sales, r.ids, r.lines, r.quantities, r.amounts, r.days, r.reasons
        FROM crm.customer_order o
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(q.product_id), '{}') AS products, coalesce(array_agg(q.description), '{}') AS descriptions,
                coalesce(array_agg(q.quantity), '{}') AS quantities, coalesce(array_agg(q.unit_price), '{}') AS prices,
                coalesce(array_agg(q.discount), '{}') AS discounts, coalesce(array_agg(q.unit_cost), '{}') AS costs,
                coalesce(array_agg(q.sale), '{}') AS sales
            FROM (SELECT n.* FROM crm.order_line n WHERE n.tenant_id = o.tenant_id AND n.order_id = o.id
                ORDER BY n.number) AS q
        ) AS l
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(q.id), '{}') AS ids, coalesce(array_agg(q.line_number), '{}') AS lines,
                coalesce(array_agg(q.quantity), '{}') AS quantities, coalesce(array_agg(q.amount), '{}') AS amounts,
                coalesce(array_agg(q.returned_on), '{}') AS days, coalesce(array_agg(q.reason), '{}') AS reasons
            FROM (SELECT n.* FROM crm.order_return n WHERE n.tenant_id = o.tenant_id AND n.order_id = o.id
                ORDER BY n.id) AS q
        ) AS r
        """

    static func find(_ tenant: Tenant.ID, _ id: Order.ID) -> Statement<Order?> {
        Statement(
            "order.find", "\(rows) WHERE o.tenant_id = \(tenant) AND o.id = \(id) AND o.deleted_at IS NULL",
            optional: Order.init(row:))
    }

    /// Has others who change the order wait. What it is then is for the next statement to find out: this one, once it has waited,
    /// would see the order's row as it is and its lines and returns as they were.
    static func lock(_ tenant: Tenant.ID, _ id: Order.ID) -> Statement<Order.ID?> {
        Statement(
            "order.lock",
            """
            SELECT id FROM crm.customer_order WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL FOR UPDATE
            """, optional: { try $0.next() })
    }

    static func list(_ tenant: Tenant.ID, _ filter: OrderFilter, _ page: PageRequest<Order>) -> Statement<[Order]> {
        Statement(
            "order.list",
            """
            \(rows) WHERE o.tenant_id = \(tenant) AND o.deleted_at IS NULL \(filter.condition) \(page.clause(id: "o.id"))
            """, all: Order.init(row:))
    }

    /// Those of the products that are there.
    static func products(
        _ tenant: Tenant.ID, _ ids: [Product.ID]
    ) -> Statement<[(id: Product.ID, product: OrderProduct)]> {
        Statement(
            "order.products",
            """
            SELECT id, price_amount, price_currency, cost_amount, cost_currency, state FROM crm.product
            WHERE tenant_id = \(tenant) AND id = ANY (\(ids)) AND deleted_at IS NULL ORDER BY id FOR SHARE
            """,
            all: { row in
                (
                    try row.next(),
                    OrderProduct(price: try Money(row: &row), cost: try Money(row: &row), state: try row.next())
                )
            })
    }

    static func insert(_ tenant: Tenant.ID, _ id: Order.ID, _ new: OrderValues) -> Statement<Int> {
        Statement(
            "order.insert",
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, reference, ordered_on, ordered_at, quantity, amount,
                currency, member_id, department_id, touchpoint_id, channel, margin_amount)
            VALUES (\(tenant), \(id), \(new.customerID), \(new.reference), \(new.orderedOn), \(new.orderedAt),
                \(new.quantity), \(new.amount), \(new.currency), \(new.memberID), \(new.departmentID),
                \(new.touchpointID), \(new.channel), \(new.margin))
            """)
    }

    static func insertLines(_ tenant: Tenant.ID, _ id: Order.ID, _ lines: [OrderValues.Line]) -> Statement<Int> {
        Statement(
            "order_line.insert",
            """
            INSERT INTO crm.order_line
                (tenant_id, order_id, number, product_id, description, quantity, unit_price, discount, unit_cost, sale)
            SELECT \(tenant), \(id), l.number, l.product, l.description, l.quantity, l.price, l.discount, l.cost, l.sale
            FROM unnest(\(lines.indices.map { Int16($0 + 1) }), \(NullableArray(lines.map(\.productID?.rawValue))),
                \(NullableArray(lines.map(\.description))), \(lines.map { Int32($0.quantity) }),
                \(lines.map { $0.unitPrice ?? 0 }), \(lines.map(\.discount)), \(NullableArray(lines.map(\.unitCost))),
                \(lines.map(\.sale.rawValue)))
                AS l (number, product, description, quantity, price, discount, cost, sale)
            RETURNING number
            """)
    }

    static func deleteLines(_ tenant: Tenant.ID, _ id: Order.ID) -> Statement<Int> {
        Statement(
            "order_line.delete_all", "DELETE FROM crm.order_line WHERE tenant_id = \(tenant) AND order_id = \(id)")
    }

    /// 0 when the order has another version by now.
    static func update(_ tenant: Tenant.ID, _ old: Order, _ new: OrderValues) -> Statement<Int> {
        Statement(
            "order.update",
            """
            UPDATE crm.customer_order SET customer_id = \(new.customerID), reference = \(new.reference),
                ordered_on = \(new.orderedOn), ordered_at = \(new.orderedAt), quantity = \(new.quantity),
                amount = \(new.amount), currency = \(new.currency), member_id = \(new.memberID),
                department_id = \(new.departmentID), touchpoint_id = \(new.touchpointID), channel = \(new.channel),
                margin_amount = \(old.returns.isEmpty ? new.margin : old.marginAmount), version = version + 1,
                updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }

    static func remove(_ tenant: Tenant.ID, _ id: Order.ID) -> Statement<Int> {
        Statement(
            "order.remove",
            """
            UPDATE crm.customer_order SET deleted_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL
            """)
    }

    static func insertReturns(_ tenant: Tenant.ID, _ id: Order.ID, _ returns: [OrderReturn]) -> Statement<Int> {
        Statement(
            "order_return.insert",
            """
            INSERT INTO crm.order_return (tenant_id, id, order_id, line_number, quantity, amount, returned_on, reason)
            SELECT \(tenant), r.id, \(id), r.line, r.quantity, r.amount, r.day, r.reason
            FROM unnest(\(returns.map(\.id)), \(NullableArray(returns.map { $0.line.map(Int16.init) })),
                \(NullableArray(returns.map { $0.quantity.map(Int32.init) })), \(returns.map(\.amount)),
                \(returns.map(\.returnedOn)), \(NullableArray(returns.map(\.reason))))
                AS r (id, line, quantity, amount, day, reason)
            RETURNING id
            """)
    }

    static func reduce(
        _ tenant: Tenant.ID, _ id: Order.ID, by amount: Decimal, margin: Decimal?
    ) -> Statement<Int> {
        Statement(
            "order.reduce",
            """
            UPDATE crm.customer_order SET returned_amount = returned_amount + \(amount),
                margin_amount = margin_amount - \(margin), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// Who bought is not potential any more.
    static func promote(_ tenant: Tenant.ID, _ customer: Customer.ID) -> Statement<Int> {
        Statement(
            "order.promote_customer",
            """
            UPDATE crm.customer SET stage = 'actual', stage_reason = \(OrderService.firstOrder), stage_changed_at = now(),
                version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(customer)
            """)
    }
}

extension OrderFilter {
    /// Of orders `o`.
    var condition: SQL {
        var parts: [SQL] = []
        if let customer { parts.append("AND o.customer_id = \(customer)") }
        if let department { parts.append("AND o.department_id = \(department)") }
        if let touchpoint { parts.append("AND o.touchpoint_id = \(touchpoint)") }
        if let channels { parts.append("AND o.channel = ANY (\(channels.map(\.rawValue)))") }
        if let references { parts.append("AND o.reference = ANY (\(references))") }
        if let from { parts.append("AND o.happened_at >= \(from)") }
        if let until { parts.append("AND o.happened_at < \(until)") }
        if let product {
            parts.append(
                """
                AND EXISTS (SELECT FROM crm.order_line n WHERE n.tenant_id = o.tenant_id AND n.order_id = o.id
                    AND n.product_id = \(product))
                """)
        }
        return SQL.joined(parts, by: " ")
    }
}

extension OrderValues.Sale: PostgresEncodable, PostgresDecodable {}

extension Order {
    init(row: inout RowReader) throws {
        let id: ID = try row.next()
        let customer: Customer.ID = try row.next()
        let reference: String? = try row.nextIfPresent()
        var values = OrderValues(customerID: customer, orderedOn: try row.next())
        values.reference = reference
        values.orderedAt = try row.nextIfPresent()
        values.currency = try row.next(String.self)
        values.amount = try row.next(Decimal.self)
        values.quantity = try row.next(Int.self)
        values.memberID = try row.nextIfPresent()
        values.departmentID = try row.nextIfPresent()
        values.touchpointID = try row.nextIfPresent()
        values.channel = try row.nextIfPresent()
        let returned: Decimal = try row.next()
        let margin: Decimal? = try row.nextIfPresent()
        let version: Int = try row.next()
        let (createdAt, updatedAt): (Date, Date) = (try row.next(), try row.next())
        values.lines = try [OrderValues.Line](row: &row)
        self.init(
            id: id, values: values, returns: try [OrderReturn](row: &row), returnedAmount: returned,
            marginAmount: margin, version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension [OrderValues.Line] {
    /// Reads the columns that hold one thing of all lines each.
    fileprivate init(row: inout RowReader) throws {
        let products: NullableArray<Product.ID> = try row.next()
        let descriptions: NullableArray<String> = try row.next()
        let quantities: [Int32] = try row.next()
        let prices: [Decimal] = try row.next()
        let discounts: [Decimal] = try row.next()
        let costs: NullableArray<Decimal> = try row.next()
        let sales: [OrderValues.Sale] = try row.next()
        self = quantities.indices.map { index in
            OrderValues.Line(
                productID: products.elements[index], description: descriptions.elements[index],
                quantity: Int(quantities[index]), unitPrice: prices[index], discount: discounts[index],
                unitCost: costs.elements[index], sale: sales[index])
        }
    }
}

extension [OrderReturn] {
    fileprivate init(row: inout RowReader) throws {
        let ids: [UUID] = try row.next()
        let lines: NullableArray<Int16> = try row.next()
        let quantities: NullableArray<Int32> = try row.next()
        let amounts: [Decimal] = try row.next()
        let days: [LocalDate] = try row.next()
        let reasons: NullableArray<String> = try row.next()
        self = ids.indices.map { index in
            OrderReturn(
                id: ids[index], line: lines.elements[index].map(Int.init),
                quantity: quantities.elements[index].map(Int.init), amount: amounts[index], returnedOn: days[index],
                reason: reasons.elements[index])
        }
    }
}
