import Foundation
import JobQueue
import Postgres

/// What orders of a file are in where it does not say so.
struct OrderImportTerms: Sendable {
    let currency: String
}

/// An order as a file has it.
struct OrderRecord: ImportRecord {
    enum Column: Int, ImportColumn {
        case customerReference, orderedOn, amount, reference, quantity, currency

        static let columnNames = ["customer_ref", "ordered_on", "amount", "order_ref", "quantity", "currency"]
        static let aliases: [String: Column] = [
            "کد مشتری": .customerReference, "customer_reference": .customerReference, "تاریخ": .orderedOn,
            "تاریخ سفارش": .orderedOn, "مبلغ": .amount, "شماره سفارش": .reference, "order_reference": .reference,
            "تعداد": .quantity, "ارز": .currency,
        ]
        var isRequired: Bool { self == .customerReference || self == .orderedOn || self == .amount }
        var family: TextRule? { nil }
    }

    let customerReference: String
    let orderedOn: LocalDate
    let amount: PlainAmount
    let reference: String?
    let quantity: Int32?
    let currency: String?

    init?(_ cells: inout ImportCells<Column>, _ terms: OrderImportTerms) {
        let customerReference = cells.text(.customerReference, CustomerRules.check(reference:_:))
        let orderedOn = cells.value(
            .orderedOn, "A day as YYYY-MM-DD, of the Gregorian calendar from 1900 on or of the Persian one."
        ) { PlainNumber.day($0) }
        let amount = cells.value(
            .amount, PlainAmount.detail, PlainAmount.init)
        reference = cells.text(.reference, CustomerRules.check(reference:_:))
        quantity = cells.value(.quantity, "A whole number from 1 to \(Int32.max).", PlainNumber.quantity)
        currency = cells.value(.currency, "An ISO 4217 code such as IRR.") {
            TextRule.currency.fault(of: $0) == nil ? $0 : nil
        }
        guard let customerReference, let orderedOn, let amount, cells.errors.isEmpty else { return nil }
        self.customerReference = customerReference
        self.orderedOn = orderedOn
        self.amount = amount
    }

    var lacksReference: Bool { reference == nil }

    static let fieldCount = 8

    func write(row: Int, to fields: inout CopyRow) {
        fields.append(Int32(clamping: row))
        fields.append(UUID.v7())
        fields.append(customerReference)
        fields.append(reference)
        fields.append(orderedOn)
        fields.append(amount)
        fields.append(quantity)
        fields.append(currency)
    }
}
