import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var customers: [CatalogueGroup] {
        get throws {
            var new = CustomerValues(name: "New")
            new.timeZone = "Asia/Tehran"
            new.attributes = ["note": .string("a")]
            new.marketIDs = [filled.market.id]
            new.tags = ["new"]
            new.references = ["other": "1"]
            var changed = new
            changed.stage = .lost
            let points = [ContactPoint(channel: .phone, address: "+98 21 123456", isPrimary: true)]
            let (id, context) = (Customer.ID.make(), filled.business.context)
            let consent = NewConsent(customerID: id, channel: .email, isGranted: true)
            let recorded = Consent.ID.make()
            return [
                CatalogueGroup(
                    try pages { CustomerStatements.list(tenant, CustomerFilter(), $0) }
                        + pages { CustomerStatements.list(tenant, filter, $0) }
                        + pages(.nothing) { CustomerStatements.list(tenant, attributed, $0) }
                        + pages { CustomerStatements.members(tenant, of: filled.manualSegment.id, $0) }
                        + pages { StageChangeStatements.list(tenant, StageChangeFilter(), $0) }
                        + pages { StageChangeStatements.list(tenant, changes, $0) }
                        + pages { ConsentStatements.list(tenant, ConsentFilter(), $0) }
                        + pages { ConsentStatements.list(tenant, consents, $0) }),
                CatalogueGroup(
                    try pages { TimelineStatements.list(tenant, of: filled.customer.id, TimelineFilter(), $0) }
                        + pages { TimelineStatements.list(tenant, of: filled.customer.id, timeline, $0) }
                        + pages(.nothing) { TimelineStatements.list(tenant, of: filled.customer.id, nothing, $0) } + [
                            CatalogueEntry(OverviewStatements.permissions(tenant, filled.customer.id)),
                            CatalogueEntry(OverviewStatements.purchases(tenant, filled.customer.id)),
                            CatalogueEntry(OverviewStatements.segments(tenant, filled.customer.id)),
                            CatalogueEntry(OverviewStatements.answers(tenant, filled.customer.id)),
                            CatalogueEntry(OverviewStatements.openMatters(tenant, filled.customer.id)),
                        ]),
                CatalogueGroup([
                    CatalogueEntry(PrivacyStatements.export(filled.customer.id)),
                    CatalogueEntry(PrivacyStatements.erase(filled.customer.id)),
                ]),
                CatalogueGroup([
                    CatalogueEntry(CustomerStatements.search(tenant, "ada", limit: 5)),
                    CatalogueEntry(CustomerStatements.isThere(tenant, filled.customer.id)),
                    CatalogueEntry(CustomerStatements.find(tenant, filled.customer.id)),
                    CatalogueEntry(
                        CustomerStatements.checkAttributes(tenant, from: [:], to: new.attributes)),
                    CatalogueEntry(try AttributeFilter.check(tenant, Array(attributed.attributes.prefix(1)))),
                    CatalogueEntry(try CustomerStatements.insert(tenant, id, new)),
                    CatalogueEntry(CustomerPartStatements.insertContactPoints(tenant, id, points)),
                    CatalogueEntry(CustomerPartStatements.insertContactPoints(tenant, id, []), .nothing),
                    CatalogueEntry(CustomerPartStatements.deleteContactPoints(tenant, id)),
                    CatalogueEntry(CustomerPartStatements.insert(tenant, id, new)),
                    CatalogueEntry(CustomerPartStatements.insertFormerReferences(tenant, id), .nothing),
                    CatalogueEntry(CustomerStatements.update(tenant, customer, changed)),
                    CatalogueEntry(CustomerStatements.relink(tenant, id, new)),
                    CatalogueEntry(StageChangeStatements.insert(id, from: .potential, to: changed, by: context)),
                    CatalogueEntry(ConsentStatements.record(recorded, consent, source: .api, by: context)),
                    CatalogueEntry(ConsentStatements.find(tenant, recorded)),
                    CatalogueEntry(CustomerStatements.hasPeople(tenant, id)),
                    CatalogueEntry(CustomerStatements.hold(tenant, filled.customer.id)),
                    CatalogueEntry(CustomerStatements.lock(tenant, filled.customer.id, isDeleted: false)),
                    CatalogueEntry(CustomerStatements.some(tenant, [filled.customer.id])),
                    CatalogueEntry(CustomerPartStatements.delete(tenant, id)),
                    CatalogueEntry(CustomerStatements.setDeleted(tenant, id, true)),
                    CatalogueEntry(CustomerStatements.lock(tenant, id, isDeleted: true)),
                    CatalogueEntry(CustomerStatements.setDeleted(tenant, id, false)),
                ]),
            ]
        }
    }

    /// Everything that a list of customers can be narrowed to, as ``FilledBusiness/customer`` is.
    private var filter: CustomerFilter {
        var filter = CustomerFilter()
        filter.stages = [.potential, .actual]
        filter.kinds = [.person]
        filter.languages = ["fa"]
        filter.references = ["0001", "0002", "0003"]
        filter.sources = ["fair"]
        filter.market = filled.market.id
        filter.segment = filled.manualSegment.id
        filter.tags = ["poetry"]
        filter.externalReference = ("shop", "1")
        filter.owner = filled.member.id
        filter.organisation = filled.organisation.id
        return filter
    }

    /// Attributes are compared in each way, of which none is true.
    private var attributed: CustomerFilter {
        var filter = CustomerFilter()
        filter.attributes = [
            AttributeFilter("note", .in, ["a", "5", "true"], at: "note"),
            AttributeFilter("size", .gt, ["5"], at: "size"),
            AttributeFilter("since", .lte, ["2026-01-01"], at: "since"),
        ].compactMap(\.self)
        return filter
    }

    private var timeline: TimelineFilter {
        var filter = TimelineFilter()
        filter.kinds = [.call, .order]
        (filter.department, filter.member) = (filled.department.id, filled.member.id)
        filter.touchpoint = filled.touchpoint.id
        (filter.from, filter.until) = (Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 9e9))
        return filter
    }

    private var nothing: TimelineFilter {
        var filter = TimelineFilter()
        filter.kinds = []
        return filter
    }

    private var changes: StageChangeFilter {
        var filter = StageChangeFilter()
        filter.customer = filled.customer.id
        filter.to = [.actual]
        return filter
    }

    private var consents: ConsentFilter {
        var filter = ConsentFilter()
        filter.customer = filled.customer.id
        filter.channels = [.email]
        filter.isCurrent = true
        return filter
    }
}
