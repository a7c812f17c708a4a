import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Erasing walks the catalogue, and so do these: tables of later features are covered by themselves.
@Suite("Erasing a tenant")
struct ErasureTests {
    /// Tables in which every business of the tests has rows, or that one may be without.
    private static let mayBeEmpty: Set = ["job.tenant_queue", "job.schedule", "job.dead", "job.batch", "job.done"]

    /// Rows of a tenant, by table, of every table that has a column for it.
    private func rows(_ server: TestDatabase, of tenant: UUID) async throws -> [String: Int] {
        let counts = try await server.texts(
            """
            SELECT c.oid::regclass::text || ' ' || (xpath('/row/n/text()', query_to_xml(format(
                'SELECT count(*) AS n FROM %s WHERE tenant_id = %L', c.oid::regclass, \(tenant)), false, true, '')))[1]::text
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text IN ('crm', 'job')
            """)
        return Dictionary(
            uniqueKeysWithValues: counts.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), Int(parts[1]) ?? -1)
            })
    }

    private func due(_ server: TestDatabase, _ tenant: Tenant.ID) async throws {
        _ = try await TenantService(database: server.platform).scheduleDeletion(.cli, tenant)
        try await server.run("UPDATE platform.tenant SET erase_after = now() WHERE id = \(tenant)")
    }

    @Test(arguments: [1, 7, 5000])
    func `Nothing of the tenant is left in any table, and everything of the others`(chunk: Int) async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            let other = try await FilledBusiness(in: server, slug: "two")
            let tenant = filled.business.context.tenantID
            let before = try await rows(server, of: tenant.rawValue)
            for (table, count) in before where !Self.mayBeEmpty.contains(table) {
                #expect(count > 0, "\(table): FilledBusiness has nothing there that could be erased")
            }
            let others = try await server.digests(of: other.business.tenantID)
            try await due(server, tenant)
            let service = TenantService(database: server.platform)
            #expect(try await service.erase(tenant, chunk: chunk) == nil)
            #expect(try await rows(server, of: tenant.rawValue).values.allSatisfy { $0 == 0 })
            let changed = differences(others, try await server.digests(of: other.business.tenantID))
            // Those that have no column for the tenant are of the deployment.
            #expect(changed.allSatisfy { $0.hasPrefix("platform.") }, "\(changed)")
            #expect(
                try await server.number("SELECT count(*) FROM platform.tenant WHERE id = \(tenant)") == 0)
            let erasure = try await service.erasure(.cli, Erasure.ID(rawValue: tenant.rawValue))
            #expect(erasure.endedAt != nil && erasure.slug == "one")
            for (table, count) in before where table.hasPrefix("crm.") && count > 0 {
                #expect(erasure.erased[table] ?? 0 >= count, "\(table)")
            }
            // Again it does nothing, and the name is free.
            #expect(try await service.erase(tenant) == nil)
            _ = try await makeTenant(in: server, slug: "one")
        }
    }

    @Test func `A tenant whose time has not come, or that is kept, is left alone`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            _ = try await business.customers(2)
            let service = TenantService(database: server.platform)
            let tenant = business.context.tenantID
            #expect(try await service.erase(tenant) == nil)
            _ = try await service.scheduleDeletion(.cli, tenant)
            let wait = try #require(try await service.erase(tenant))
            #expect(wait > .seconds(6 * 86_400) && wait <= .seconds(7 * 86_400))
            _ = try await service.cancelDeletion(.cli, tenant)
            #expect(try await service.erase(tenant) == nil)
            #expect(try await server.number("SELECT count(*) FROM crm.customer") == 2)
        }
    }

    @Test func `A worker erases the tenant when its time has come`() async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            let tenant = filled.business.context.tenantID
            try await due(server, tenant)
            try await server.run("UPDATE job.job SET run_at = now() WHERE kind = 'tenant.erase'")
            try await withOutbox { outbox in
                try await withHandlers(on: server, transport: outbox.transport()) { _ in
                    try await eventually { try await server.number("SELECT count(*) FROM platform.tenant") == 0 }
                }
            }
            #expect(try await rows(server, of: tenant.rawValue).values.allSatisfy { $0 == 0 })
        }
    }
}
