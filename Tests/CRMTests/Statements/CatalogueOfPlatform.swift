import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var platform: [CatalogueGroup] {
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
