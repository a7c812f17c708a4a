import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Imports beside each other, and beside what else happens with their customers.
@Suite("Imports at once")
struct ImportRaceTests {
    @Test func `Two who go on with the same import write each row once`() async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 5)) { fixture in
            let id = try await fixture.take(ImportFixture.file(100))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await fixture.goOn(id) } }
                try await group.waitForAll()
            }
            let done = try await fixture.find(id)
            #expect(
                done.state == .done && done.counts == ImportCounts(rows: 100, created: 100, updated: 0, rejected: 0))
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 100)
        }
    }

    @Test func `Customers who are deleted, merged and changed while files about them are imported lose nothing`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 10)) { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            let references = (1...60).map { "R\($0)" }
            _ = try await fixture.customers(bytes: ImportFixture.file(60))
            let customers = CustomerService(database: database)
            let found = try await customers.list(context, CustomerFilter(), try PageRequest(limit: 200)).items
            let merges = MergeService(database: database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<3 {
                    group.addTask {
                        let rows = references.shuffled().map { "\($0),Round \(round),tag\(round)\n" }.joined()
                        let id = try await fixture.take(Array(("reference,name,tags\n" + rows).utf8))
                        try await fixture.goOn(id)
                        let done = try await fixture.find(id)
                        #expect(done.state == .done && done.counts.rows == 60, "\(done)")
                    }
                }
                group.addTask { for customer in found.prefix(15) { try await customers.delete(context, customer.id) } }
                group.addTask {
                    for pair in 0..<10 {
                        _ = try await merges.merge(context, [found[20 + pair].id], into: found[40 + pair].id)
                    }
                }
                group.addTask {
                    for customer in found[30..<40] {
                        _ = try await customers.update(context, customer.id, ifVersion: nil) { values in
                            var values = values
                            values.source = "fair"
                            return values
                        }
                    }
                }
                try await group.waitForAll()
            }
            // Nobody has a reference twice, and no change was written over.
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM (SELECT reference FROM crm.customer WHERE deleted_at IS NULL GROUP BY 1 HAVING count(*) > 1) d"
                )
                    == 0)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM crm.customer WHERE source = 'fair' AND name LIKE 'Round%'") == 10)
            #expect(
                try await fixture.count(
                    """
                    SELECT count(*) FROM crm.customer c WHERE c.deleted_at IS NULL AND c.tags <> ARRAY(SELECT t.tag FROM unnest(c.tags)
                        WITH ORDINALITY AS t (tag, place) WHERE EXISTS (SELECT FROM crm.customer_tag k WHERE k.customer_id = c.id AND k.tag = t.tag)
                        ORDER BY t.place)
                    """) == 0)
        }
    }

    @Test func `Files of the same customers at once are each imported, without doubles`() async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 20)) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for first in [1, 20, 40, 1] {
                    group.addTask {
                        let id = try await fixture.take(ImportFixture.file(60, from: first))
                        try await fixture.goOn(id)
                        let done = try await fixture.find(id)
                        #expect(done.counts.rows == 60 && done.counts.rejected == 0, "\(done)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 99)
        }
    }

    @Test(arguments: 0..<4)
    func `Orders of customers who are deleted and merged meanwhile are written once, of whom they then are, or told`(
        round: Int
    ) async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 3)) { fixture in
            _ = try await fixture.customers(bytes: ImportFixture.file(60))
            let found = try await Self.customers(fixture)
            // The first two are about the same orders, and do not agree about their amounts.
            var files: [FileImport.ID] = []
            for (letter, amount) in [("O", 1), ("O", 2), ("P", 3)] {
                let rows = (1...60).shuffled().map { "\(letter)\($0),R\($0),2026-01-05,\(amount)\n" }.joined()
                files.append(
                    try await fixture.take(
                        Array(("order_ref,customer_ref,ordered_on,amount\n" + rows).utf8), .orders))
            }
            let reports = try await withThrowingTaskGroup(of: FileImport?.self) { group in
                for id in files { group.addTask { try await fixture.end(id, .orders).file } }
                group.addTask {
                    let customers = CustomerService(database: fixture.tenant.database)
                    for customer in found.prefix(15) {
                        try await customers.delete(fixture.tenant.context, customer.id)
                    }
                    return nil
                }
                group.addTask {
                    try await Self.merge(fixture, found[20..<30], into: found[40..<50])
                    return nil
                }
                return try await group.reduce(into: [FileImport]()) { $0 += [$1].compactMap(\.self) }
            }
            for report in reports {
                #expect(report.state == .done && report.counts.rows == 60, "\(report)")
                for row in try await fixture.rejected(report) {
                    let number = try #require(Int(row.content.split(separator: ",")[1].dropFirst()))
                    #expect(number <= 15 && row.errors.map(\.code) == ["unknown_customer"], "\(row)")
                }
            }
            let orders = try await fixture.count("SELECT count(*) FROM crm.customer_order")
            #expect(orders == reports.reduce(0) { $0 + $1.counts.created })
            #expect(try await fixture.count("SELECT count(DISTINCT reference) FROM crm.customer_order") == orders)
            // Those of the 45 who are left, of both kinds.
            let living: SQL = "customer_id IN (SELECT id FROM crm.customer WHERE deleted_at IS NULL)"
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order WHERE \(living)") == 90)
            let merged: SQL = "customer_id IN (SELECT id FROM crm.customer WHERE merged_into_id IS NOT NULL)"
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order WHERE \(merged)") == 0)
            let amounts: SQL =
                "amount = CASE left(reference, 1) WHEN 'P' THEN 3 ELSE 1 END OR left(reference, 1) = 'O' AND amount = 2"
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer_order WHERE \(amounts)") == orders)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM crm.customer WHERE stage = 'actual' AND deleted_at IS NULL")
                    == 35)
        }
    }

    @Test(arguments: [FileImport.Kind.customers, .orders], 0..<4)
    func `A file that is imported whole, in several batches, beside merges of its customers loses nothing of either`(
        kind: FileImport.Kind, round: Int
    ) async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 6)) { fixture in
            _ = try await fixture.customers(bytes: ImportFixture.file(60))
            let found = try await Self.customers(fixture)
            // Of those who are merged, not of those into whom they are: who stands there twice is told.
            let numbers = (1...40).shuffled()
            let file =
                kind == .customers
                ? "reference,name,tags\n" + numbers.map { "R\($0),Whole,whole\n" }.joined()
                : "order_ref,customer_ref,ordered_on,amount\n" + numbers.map { "O\($0),R\($0),2026-01-05,5\n" }.joined()
            let id = try await fixture.take(Array(file.utf8), kind, .whole)
            async let ended = fixture.end(id, kind)
            async let merged: Void = Self.merge(fixture, found[20..<30], into: found[40..<50])
            async let changed: Void = Self.change(fixture, found[10..<20])
            let (report, _, _) = try await (ended.file, merged, changed)
            #expect(report.state == .done && report.counts.rows == 40 && report.counts.rejected == 0, "\(report)")
            #expect(try await fixture.count("SELECT count(*) FROM crm.merge") == 10)
            #expect(
                try await fixture.count(
                    "SELECT count(*) FROM crm.customer WHERE 'changed' = ANY (tags) AND deleted_at IS NULL") == 10)
            guard kind == .customers else {
                #expect(report.counts.created == 40)
                #expect(
                    try await fixture.count(
                        """
                        SELECT count(DISTINCT o.customer_id) FROM crm.customer_order o JOIN crm.customer c ON c.id = o.customer_id
                        WHERE c.deleted_at IS NULL AND c.stage = 'actual' AND o.reference LIKE 'O%'
                        """) == 40)
                return
            }
            #expect(report.counts.created == 0 && report.counts.updated == 40)
            // Whichever came first, who was merged brought the tag along, or the survivor was given it.
            for tagged: SQL in ["c.tags", "ARRAY(SELECT t.tag FROM crm.customer_tag t WHERE t.customer_id = c.id)"] {
                #expect(
                    try await fixture.count(
                        "SELECT count(*) FROM crm.customer c WHERE c.deleted_at IS NULL AND 'whole' = ANY (\(tagged))")
                        == 40)
            }
        }
    }

    /// Those of the file, in its order.
    private static func customers(_ fixture: ImportFixture) async throws -> [Customer] {
        let customers = CustomerService(database: fixture.tenant.database)
        let found = try await customers.list(
            fixture.tenant.context, CustomerFilter(), try PageRequest(limit: 200)
        ).items
        func number(_ customer: Customer) -> Int { customer.values.reference.flatMap { Int($0.dropFirst()) } ?? 0 }
        return found.sorted { number($0) < number($1) }
    }

    private static func merge(
        _ fixture: ImportFixture, _ some: ArraySlice<Customer>, into others: ArraySlice<Customer>
    ) async throws {
        let merges = MergeService(database: fixture.tenant.database)
        for (one, other) in zip(some, others) {
            _ = try await merges.merge(fixture.tenant.context, [one.id], into: other.id)
        }
    }

    private static func change(_ fixture: ImportFixture, _ some: ArraySlice<Customer>) async throws {
        let customers = CustomerService(database: fixture.tenant.database)
        for customer in some {
            _ = try await customers.update(fixture.tenant.context, customer.id, ifVersion: nil) { values in
                var values = values
                values.tags.append("changed")
                return values
            }
        }
    }
}
