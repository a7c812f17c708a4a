import Foundation
import TestSupport

@testable import CRM

extension StatementCatalogue {
    /// What every kind of record can do.
    var records: [CatalogueGroup] {
        get throws {
            try [
                group(
                    filled.market,
                    MarketValues(
                        name: "New", parentID: filled.market.id.rawValue, customerEstimate: 5,
                        yearlyValue: Money(amount: 1, currency: "IRR"))),
                group(filled.department, DepartmentValues(name: "New", parentID: filled.department.id.rawValue)),
            ]
        }
    }

    private func group<Values: TreeValues>(_ old: Record<Values>, _ new: Values) throws -> CatalogueGroup {
        typealias Statements = RecordStatements<Values>
        let id = Record<Values>.ID.make()
        return CatalogueGroup(
            try pages { Statements.list(tenant, $0) } + [
                CatalogueEntry(Statements.find(tenant, old.id)), CatalogueEntry(Values.lock(tenant)),
                CatalogueEntry(Statements.insert(tenant, id, new)),
                CatalogueEntry(Values.place(tenant, of: id.rawValue, below: old.id.rawValue)),
                CatalogueEntry(Values.hasChildren(tenant, old.id.rawValue)),
                CatalogueEntry(Statements.update(tenant, old, old.values)),
                CatalogueEntry(Statements.remove(tenant, Record(id, new))),
            ])
    }
}
