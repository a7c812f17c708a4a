import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var orders: [CatalogueGroup] {
        get throws {
            let id = Order.ID.make()
            var filter = OrderFilter()
            (filter.customer, filter.product) = (filled.customer.id, filled.product.id)
            (filter.department, filter.touchpoint) = (filled.department.id, filled.touchpoint.id)
            (filter.channels, filter.references) = ([.web], ["O1"])
            (filter.from, filter.until) = (Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 9e9))
            let begin = ExportedOrder.Position(happenedAt: Date(timeIntervalSince1970: 0), id: id)
            var new = OrderValues(customerID: filled.customer.id, orderedOn: LocalDate(daysSince2000: 9000))
            (new.amount, new.currency, new.quantity) = (5, "IRR", 1)
            new.lines = [.init(productID: filled.product.id, unitPrice: 5)]
            let returned = OrderReturn(
                id: UUID(), line: 1, quantity: 1, amount: 5, returnedOn: new.orderedOn, reason: "broken")
            return [
                CatalogueGroup(
                    try pages { OrderStatements.list(tenant, OrderFilter(), $0) }
                        + pages { OrderStatements.list(tenant, filter, $0) } + [
                            CatalogueEntry(OrderStatements.find(tenant, filled.order.id)),
                            CatalogueEntry(OrderStatements.lock(tenant, filled.order.id)),
                            CatalogueEntry(ExportStatements.orders(tenant, OrderFilter(), after: nil, limit: 10)),
                            CatalogueEntry(ExportStatements.orders(tenant, filter, after: begin, limit: 10)),
                            CatalogueEntry(OrderStatements.products(tenant, [filled.product.id])),
                            CatalogueEntry(OrderStatements.insert(tenant, id, new)),
                            CatalogueEntry(OrderStatements.insertLines(tenant, id, new.lines)),
                            CatalogueEntry(OrderStatements.insertReturns(tenant, id, [returned])),
                            CatalogueEntry(OrderStatements.reduce(tenant, id, by: 5, margin: 1)),
                            CatalogueEntry(OrderStatements.deleteLines(tenant, .make()), .nothing),
                            CatalogueEntry(OrderStatements.update(tenant, filled.order, filled.order.values)),
                            CatalogueEntry(OrderStatements.promote(tenant, filled.customer.id)),
                            CatalogueEntry(OrderStatements.remove(tenant, id)),
                        ])
            ]
        }
    }
}
