import Foundation
public import Postgres

/// An order as a file has it: one row with what it came to.
public struct ExportedOrder: Sendable {
    public struct Position: Sendable {
        let happenedAt: Date
        let id: Order.ID
    }

    public let position: Position
    let reference: String?
    /// The one by which an import finds the customer; `nil` for who has none, and for who was deleted.
    let customerReference: String?
    let orderedOn: LocalDate
    let quantity: Int
    let amount: Decimal
    let currency: String
    let createdAt: Date
    let updatedAt: Date

    init(row: inout RowReader) throws {
        position = Position(happenedAt: try row.next(), id: try row.next())
        reference = try row.nextIfPresent()
        customerReference = try row.nextIfPresent()
        orderedOn = try row.next()
        quantity = try row.next()
        amount = try row.next()
        currency = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension ExportedOrder: ExportedRow {
    public static var kind: FileImport.Kind { .orders }

    /// It tells whose orders they are by the customers' references.
    public static func admit(_ context: TenantContext, _ filter: OrderFilter) throws {
        try context.require(.ordersRead)
        try context.require(.customersRead)
    }

    public static func check(_ tenant: Tenant.ID, _ filter: OrderFilter) -> Statement<Void>? { nil }

    public static func rows(
        _ tenant: Tenant.ID, _ filter: OrderFilter, after last: Position?, limit: Int
    ) -> Statement<[ExportedOrder]> {
        ExportStatements.orders(tenant, filter, after: last, limit: limit)
    }

    public static let columns = [
        "order_ref", "customer_ref", "ordered_on", "quantity", "amount", "currency", "created_at", "updated_at",
    ]

    public func write(to csv: inout CSVWriter) {
        csv.cell(reference)
        csv.cell(customerReference)
        csv.cell(orderedOn.description, isText: false)
        csv.cell(String(quantity), isText: false)
        csv.cell(amount.description, isText: false)
        csv.cell(currency, isText: false)
        csv.cell(JSONCoding.rfc3339(createdAt), isText: false)
        csv.cell(JSONCoding.rfc3339(updatedAt), isText: false)
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(named: "order_ref", reference)
            json.member(named: "customer_ref", customerReference)
            json.member(named: "ordered_on", orderedOn)
            json.member(named: "quantity", quantity)
            json.member(named: "amount", amount.description)
            json.member(named: "currency", currency)
            json.member(named: "created_at", createdAt)
            json.member(named: "updated_at", updatedAt)
        }
    }
}
