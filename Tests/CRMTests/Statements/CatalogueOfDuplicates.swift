import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var duplicates: [CatalogueGroup] {
        get throws {
            let (pair, run, context) = (filled.duplicate, filled.duplicateRun, filled.business.context)
            let (first, second) = (pair.first.id, pair.second.id)
            let (survivor, merged) = (filled.merge.survivorID, filled.merge.mergedID)
            var filter = DuplicateFilter()
            filter.minimumScore = 60
            filter.customer = second
            let step = DuplicateRunStatements.Step(
                lookedAt: 1, found: 1, lastID: pair.id.rawValue, lastScore: 90, isLast: true)
            return [
                CatalogueGroup(
                    try pages { DuplicateStatements.list(tenant, DuplicateFilter(), $0) }
                        + pages { DuplicateStatements.list(tenant, filter, $0) } + [
                            CatalogueEntry(DuplicateStatements.find(tenant, pair.id)),
                            CatalogueEntry(DuplicateStatements.present(tenant, [pair.id])),
                            CatalogueEntry(DuplicateStatements.pair(tenant, pair.id)),
                            CatalogueEntry(DuplicateStatements.lock(tenant, pair.id)),
                            CatalogueEntry(DuplicateStatements.likely(tenant, 50, after: nil, limit: 10)),
                            CatalogueEntry(
                                DuplicateStatements.likely(tenant, 50, after: (100, .make()), limit: 10)),
                            CatalogueEntry(DuplicateStatements.count(tenant, 50)),
                            CatalogueEntry(DuplicateStatements.customers(tenant, after: nil, limit: 10)),
                            CatalogueEntry(
                                DuplicateStatements.customers(tenant, after: first.rawValue, limit: 10)),
                            CatalogueEntry(DuplicateStatements.gone(tenant), .nothing),
                            CatalogueEntry(FindDuplicates.notingChanged(tenant, [first])),
                            CatalogueEntry(DuplicateStatements.decide(pair.id, .dismissed, by: context)),
                            CatalogueEntry(DuplicateStatements.decide(pair.id, .open, by: context)),
                            CatalogueEntry(DuplicateStatements.tellApart(survivor, merged, of: nil, by: context)),
                            CatalogueEntry(DuplicateStatements.close([merged], into: survivor, by: context)),
                            CatalogueEntry(
                                DuplicateStatements.find(among: [first, second], isWhole: false).map { [$0] }),
                        ]),
                CatalogueGroup(
                    try pages { DuplicateRunStatements.list(tenant, $0) } + [
                        CatalogueEntry(DuplicateRunStatements.find(tenant, run.id)),
                        CatalogueEntry(DuplicateRunStatements.scan(tenant)),
                        CatalogueEntry(DuplicateRunStatements.beginScan(.make(), isAnew: false, by: context)),
                        CatalogueEntry(DuplicateRunStatements.beginScan(.make(), isAnew: true, by: context)),
                        CatalogueEntry(
                            DuplicateRunStatements.insert(
                                .make(), ids: [pair.id], minimumScore: nil, total: 1, by: context)),
                        CatalogueEntry(
                            DuplicateRunStatements.beginUndo(.make(), of: filled.mergingRun, by: context)),
                        CatalogueEntry(DuplicateRunStatements.lock(tenant, run.id)),
                        CatalogueEntry(DuplicateRunStatements.fail(tenant, run.id, "it broke off")),
                        CatalogueEntry(DuplicateRunStatements.advance(tenant, run.id, by: step)),
                    ]),
            ]
        }
    }
}
