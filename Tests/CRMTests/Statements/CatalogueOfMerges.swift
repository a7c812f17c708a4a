import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var merges: [CatalogueGroup] {
        get throws {
            let (survivor, merged, id) = (filled.customer.id, filled.merge.mergedID, filled.merge.id)
            let (new, other) = (Merge.ID.make(), filled.organisation.id)
            let values = MergedValues(customer.values)
            var filter = MergeFilter()
            filter.customer = survivor
            filter.isUndone = false
            let run = filled.mergingRun.id
            var ofRun = MergeFilter()
            ofRun.run = run
            return [
                CatalogueGroup(
                    try pages { MergeStatements.list(tenant, MergeFilter(), $0) }
                        + pages { MergeStatements.list(tenant, filter, $0) }
                        + pages { MergeStatements.list(tenant, ofRun, $0) } + [
                            CatalogueEntry(MergeStatements.newest(tenant, of: run, before: nil)),
                            CatalogueEntry(MergeStatements.newest(tenant, of: run, before: id), .nothing),
                            CatalogueEntry(MergeStatements.find(tenant, id)),
                            CatalogueEntry(MergeStatements.lock(tenant, [survivor, other])),
                            CatalogueEntry(MergeStatements.absorb(tenant, other, into: survivor)),
                            CatalogueEntry(
                                try MergeStatements.insert(
                                    new, survivor, other, from: values, to: values, run: run,
                                    by: filled.business.context)),
                            CatalogueEntry(MergeStatements.giveToSurvivor(new, survivor, other)),
                            CatalogueEntry(MergeStatements.lock(tenant, id)),
                            CatalogueEntry(MergeStatements.lockBoth(tenant, survivor, merged)),
                            CatalogueEntry(MergeStatements.lockMerged(tenant, merged, into: survivor)),
                            CatalogueEntry(MergeStatements.others(tenant, survivor, besides: new).map { [$0] }),
                            CatalogueEntry(MergeStatements.hasOrders(tenant, survivor, besides: new)),
                            CatalogueEntry(MergeStatements.release(tenant, merged)),
                            CatalogueEntry(MergeStatements.giveBack(id, survivor, merged)),
                            CatalogueEntry(MergeStatements.markUndone(tenant, id)),
                        ])
            ]
        }
    }
}
