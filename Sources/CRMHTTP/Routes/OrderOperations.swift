import CRM

struct OrderOperations: OperationGroup {
    private static let tag = Operation.Tag("Orders", "What customers bought, line by line, and what came back.")

    let orders: OrderService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at("/v1/orders", "create_order", "Add an order", tag, .ordersWrite, problems: [.referenceTaken]),
                from: NewRecord<OrderValues>.self,
                { try await orders.create($0, id: $1, $2.values) }, replay: orders.find),
            .list(.at("/v1/orders", "list_orders", "List orders", tag, .ordersRead), by: OrderFilter.self) {
                try await orders.list($0.caller, $1, $2)
            },
            .find(.at("/v1/orders/{id}", "find_order", "Show an order", tag, .ordersRead), orders.find),
            .change(
                .at(
                    "/v1/orders/{id}", "change_order", "Change an order", tag, .ordersWrite,
                    problems: [.referenceTaken, .hasReturns]),
                by: RecordChanges<OrderValues>.self
            ) { context, id, version, changes in
                try await orders.update(context, id, ifVersion: version) { try changes.apply(to: $0) }
            },
            .remove(
                .at(
                    "/v1/orders/{id}", "remove_order", "Remove an order that was a mistake", tag, .ordersWrite),
                orders.remove),
            .act(
                .at(
                    "/v1/orders/{id}/returns", "return_order", "Note what came back of an order", tag, .ordersWrite),
                with: NewOrderReturn.self, orders.addReturn, replay: orders.find),
        ]
    }
}

extension OrderFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        customer = query.filterIdentifier("customer_id", "Only those of this customer.")
        product = query.filterIdentifier("product_id", "Only those with this product.")
        department = query.filterIdentifier("department_id", "Only those that this department took.")
        touchpoint = query.filterIdentifier("touchpoint_id", "Only those that were taken at this touchpoint.")
        channels = query.filterChoices("channel", "Only those that came on this channel.")
        references = query.filterTexts("reference", CustomerRules.reference, "Only the order with this reference.")
        from = query.filterTime("happened_at", "gte", "Only those from this time on.")
        until = query.filterTime("happened_at", "lt", "Only those before this time.")
    }
}
