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
                group(filled.journeyStage, JourneyStageValues(name: "New", position: 2)),
                group(
                    filled.touchpoint,
                    TouchpointValues(
                        name: "New", stageID: filled.journeyStage.id.rawValue, position: 2,
                        departmentID: filled.department.id.rawValue)),
                group(
                    filled.product,
                    ProductValues(
                        code: "New", name: "New", price: Money(amount: 1, currency: "IRR"),
                        successorID: filled.product.id.rawValue)),
                group(filled.customerAttribute, CustomerAttributeValues(name: "new", type: .day)),
                group(
                    filled.interaction,
                    InteractionValues(customerID: filled.customer.id, type: .chat)),
                CatalogueGroup(
                    [
                        (.touchpoint, filled.touchpoint.id.rawValue), (.department, filled.department.id.rawValue),
                        (.journeyStage, filled.journeyStage.id.rawValue),
                        (.market, filled.market.id.rawValue), (.member, filled.member.id.rawValue),
                        (.product, filled.product.id.rawValue), (.segment, filled.manualSegment.id.rawValue),
                        (.customer, filled.customer.id.rawValue), (.organisation, filled.organisation.id.rawValue),
                    ].map { (target: ObjectLink.Target, id) in
                        CatalogueEntry(ObjectLink.present(tenant, target, [id]))
                    }),
            ]
        }
    }

    private func group<Values: RecordValues>(_ old: Record<Values>, _ new: Values) throws -> CatalogueGroup {
        typealias Statements = RecordStatements<Values>
        let id = Record<Values>.ID.make()
        var filter = RecordFilter<Values>()
        for field in Values.filters {
            switch field.value {
            case .identifier: filter.add(field, id.rawValue)
            case .choice(let choices): filter.add(field, choices)
            case .flag: filter.add(field, true)
            case .time: filter.add(field, from: Date(timeIntervalSince1970: 0), until: Date(timeIntervalSince1970: 9e9))
            }
        }
        return CatalogueGroup(
            try pages { Statements.list(tenant, RecordFilter(), $0) }
                + pages(Values.filters.isEmpty ? .some : .nothing) { Statements.list(tenant, filter, $0) }
                + [
                    CatalogueEntry(Statements.find(tenant, old.id)), CatalogueEntry(Statements.insert(tenant, id, new)),
                    CatalogueEntry(Statements.update(tenant, old, old.values)),
                    CatalogueEntry(Statements.lock(tenant, old.id)),
                    CatalogueEntry(Statements.uses(tenant, old.id), Values.table.uses.isEmpty ? .nothing : .some),
                    CatalogueEntry(Statements.remove(tenant, Record(id, new))),
                ] + entries(ofTree: Values.self, from: id.rawValue, to: old.id.rawValue))
    }

    private func entries<Values: RecordValues>(ofTree: Values.Type, from id: UUID, to place: UUID) -> [CatalogueEntry] {
        guard let tree = Values.self as? any TreeValues.Type else { return [] }
        return [CatalogueEntry(tree.lock(tenant)), CatalogueEntry(tree.place(tenant, of: id, below: place))]
    }
}
