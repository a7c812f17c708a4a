import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Files about customers who are one by now.
@Suite("Imports about merged customers")
struct ImportMergedTests {
    @Test func `What is said of a customer who was made one with another one is the other one's`() async throws {
        try await ImportFixture.with { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            _ = try await fixture.customers("reference,name\nA,Ada\nB,Ada again\nC,Third")
            let customers = CustomerService(database: database)
            func id(_ reference: String) async throws -> Customer.ID {
                var filter = CustomerFilter()
                filter.references = [reference]
                return try #require(try await customers.list(context, filter, try PageRequest()).items.first).id
            }
            let (ada, again, third) = (try await id("A"), try await id("B"), try await id("C"))
            let merges = MergeService(database: database)
            _ = try await merges.merge(context, [again], into: third)
            _ = try await merges.merge(context, [third], into: ada)
            let report = try await fixture.customers("reference,name,tags\nB,Ada B,b\nC,Ada C,c", ImportOptions())
            #expect(report.counts == ImportCounts(rows: 2, created: 0, updated: 1, rejected: 1))
            let found = try await customers.find(context, ada).values
            #expect(found.reference == "A" && found.name == "Ada B" && found.tags == ["b"])
            var byID = ImportOptions()
            byID.key = "id"
            let named = try await fixture.customers(
                "id,reference,tags\n\(third),C,d\n\(again),B,e\n\(UUID()),D,f\n", byID)
            #expect(named.counts == ImportCounts(rows: 3, created: 0, updated: 1, rejected: 2))
            #expect(
                try await places(fixture.rejected(named).flatMap(\.errors)) == [
                    "3 id duplicate", "4 id unknown_customer",
                ])
            let kept = try await customers.find(context, ada).values
            #expect(kept.reference == "A" && kept.tags == ["b", "d"])
            let order = try await fixture.orders("customer_ref,ordered_on,amount\nB,2026-01-01,5", ImportOptions())
            #expect(order.counts.created == 1)
            #expect(try await fixture.rows("SELECT customer_id AS a FROM crm.customer_order") == ["\(ada)"])
        }
    }

    @Test func `By the number in another system, too, where the survivor has one of its own`() async throws {
        try await ImportFixture.with { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            let (customers, merges) = (CustomerService(database: database), MergeService(database: database))
            let ada = try await customers.create(context, CustomerValues(name: "Ada")).id
            func give(_ id: Customer.ID, _ number: String?) async throws {
                _ = try await customers.update(context, id, ifVersion: nil) { values in
                    var values = values
                    values.references["shop"] = number
                    return values
                }
            }
            try await give(ada, "S1")
            let twin = try await customers.create(context, CustomerValues(name: "Ada's twin")).id
            try await give(twin, "S2")
            let merged = try await merges.merge(context, [twin], into: ada)
            #expect(merged.values.references == ["shop": "S1"])
            var bySystem = ImportOptions()
            bySystem.key = "references.shop"
            for (number, tag) in [("S2", "f"), ("S1", "g"), ("S2", "h")] {
                let report = try await fixture.customers("references.shop,name,tags\n\(number),Ada,\(tag)\n", bySystem)
                #expect(report.counts == ImportCounts(rows: 1, created: 0, updated: 1, rejected: 0), "\(number)")
            }
            #expect(try await customers.find(context, ada).values.references == ["shop": "S1"])
            var filter = CustomerFilter()
            filter.externalReference = (system: "shop", reference: "S2")
            #expect(try await customers.list(context, filter, try PageRequest()).items.map(\.id) == [ada])
            // What is the survivor's is written anew and the other number still leads to it; until they are two again.
            try await give(ada, "S3")
            #expect(try await customers.list(context, filter, try PageRequest()).items.map(\.id) == [ada])
            var mergeFilter = MergeFilter()
            mergeFilter.customer = twin
            let merge = try #require(
                try await merges.list(context, mergeFilter, try PageRequest()).items.first)
            _ = try await merges.undo(context, merge.id)
            #expect(try await customers.list(context, filter, try PageRequest()).items.map(\.id) == [twin])
        }
    }
}
