import Foundation
import JobQueue
import Postgres

/// An order as a file has it.
struct OrderRecord: ImportRecord {
    enum Column: Int, ImportColumn {
        case customerReference, orderedOn, amount, reference, quantity, currency

        static let names = ["customer_ref", "ordered_on", "amount", "order_ref", "quantity", "currency"]
        var isRequired: Bool { self == .customerReference || self == .orderedOn || self == .amount }
    }

    let customerReference: String
    let orderedOn: LocalDate
    let amount: PlainAmount
    let reference: String?
    let quantity: Int32?
    let currency: String?

    init?(_ cells: inout ImportCells<Column>) {
        let before = cells.errors.list.count
        let customerReference = cells.text(.customerReference, CustomerRules.check(reference:_:))
        let orderedOn = cells.value(
            .orderedOn, "A day of the Gregorian calendar as YYYY-MM-DD, from 1900 on.", PlainNumber.day)
        let amount = cells.value(
            .amount, "A number such as 1250 or 12.50: at most 14 digits and 4 decimal places.", PlainAmount.init)
        reference = cells.text(.reference, CustomerRules.check(reference:_:))
        quantity = cells.value(.quantity, "A whole number from 1 to \(Int32.max).", PlainNumber.quantity)
        currency = cells.value(.currency, "An ISO 4217 code such as IRR.") { text in
            text.utf8.count == 3 && text.utf8.allSatisfy { (0x41...0x5A).contains($0) } ? text : nil
        }
        guard let customerReference, let orderedOn, let amount, cells.errors.list.count == before else { return nil }
        self.customerReference = customerReference
        self.orderedOn = orderedOn
        self.amount = amount
    }

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
