import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var platform: [CatalogueGroup] { get throws { try log + changes } }

    private var log: [CatalogueGroup] {
        get throws {
            var filter = PlatformAuditFilter()
            filter.actorKinds = [.cli]
            filter.actions = ["tenant.created"]
            filter.objectID = tenant.rawValue
            filter.from = Date(timeIntervalSince1970: 0)
            filter.until = Date(timeIntervalSince1970: 4e9)
            var byKey = PlatformAuditFilter()
            byKey.actorID = tenant.rawValue
            let all = try pages { PlatformStatements.events(PlatformAuditFilter(), $0) }
            let some = try pages { PlatformStatements.events(filter, $0) }
            let none = CatalogueEntry(PlatformStatements.events(byKey, try PageRequest()), .nothing)
            return [CatalogueGroup(as: .platform, all + some + [none])]
        }
    }

    private var changes: [CatalogueGroup] {
        let (key, hash) = (PlatformKey.ID.make(), Bytes([1]))
        let caller = PlatformContext(actor: .key(key), scopes: [], requestID: "r", address: "192.0.2.1")
        let request = IdempotentRequest(key: "l", operation: "create_tenant", path: "/", body: [], object: UUID())
        return [
            CatalogueGroup(
                as: .platform,
                [
                    CatalogueEntry(
                        PlatformStatements.insertKey(
                            key, name: "K", hash: hash, prefix: "mhp_", scopes: [.tenantsRead], expiresAt: nil)),
                    CatalogueEntry(PlatformStatements.listKeys), CatalogueEntry(PlatformStatements.authenticate(hash)),
                    CatalogueEntry(PlatformStatements.revokeKey(key)),
                    CatalogueEntry(PlatformStatements.event("test.done", key.rawValue, by: caller)),
                    CatalogueEntry(PlatformStatements.usage(tenant)), CatalogueEntry(PlatformStatements.lock(tenant)),
                    CatalogueEntry(PlatformStatements.move(tenant, from: [.active], to: .deleting)),
                    CatalogueEntry(PlatformStatements.hold(tenant, true)),
                    CatalogueEntry(PlatformStatements.keep(tenant, as: .active)),
                    CatalogueEntry(PlatformStatements.erasure(tenant), .nothing),
                ]
                    + (request.map { request in
                        [
                            CatalogueEntry(PlatformStatements.begin(request, actor: key.rawValue)),
                            CatalogueEntry(PlatformStatements.object(request, actor: key.rawValue)),
                        ]
                    } ?? [])
            ),
            CatalogueGroup(
                as: .owner,
                [
                    CatalogueEntry(
                        Statement(
                            "test.due",
                            """
                            UPDATE platform.tenant SET state = 'deleting', erase_after = now() WHERE id = \(tenant)
                            """)),
                    CatalogueEntry(PlatformStatements.erase(tenant, atMost: 10)),
                ]),
        ]
    }
}
