import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Imports that are stopped, interrupted, and stand in each other's way.
@Suite("Imports that run")
struct ImportRunTests {
    private static func file(_ rows: Int, from first: Int = 1) -> [UInt8] {
        Array(("reference,name\n" + (first..<first + rows).map { "R\($0),Name \($0)\n" }.joined()).utf8)
    }

    /// Takes a file in without importing it.
    private static func take(
        _ fixture: ImportFixture, _ bytes: [UInt8], _ kind: FileImport.Kind = .customers,
        _ options: ImportOptions = ImportOptions()
    ) async throws -> FileImport.ID {
        let file = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await fixture.service.create(fixture.tenant.context, kind, options, from: file).id
    }

    private static func run(
        _ fixture: ImportFixture, _ id: FileImport.ID, limits: ImportLimits? = nil, isSliced: Bool = false
    )
        async throws
    {
        try await ImportRunner(database: fixture.tenant.database, limits: limits ?? fixture.service.limits)
            .run(fixture.tenant.context, id, isSliced: isSliced)
    }

    private static func find(_ fixture: ImportFixture, _ id: FileImport.ID) async throws -> FileImport {
        try await fixture.service.find(fixture.tenant.context, .customers, id)
    }

    private static func gzip(_ bytes: [UInt8]) async throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file.appendingPathExtension("gz")) }
        _ = try await Tool.run("gzip", [file.path])
        return Array(try Data(contentsOf: file.appendingPathExtension("gz")))
    }

    /// Leaves after each batch, as a job does for others.
    private static let leaving = ImportLimits(batchRows: 7, slice: .zero)

    @Test(arguments: [false, true])
    func `An import that leaves for others goes on where it stopped, in each kind of file`(isGzip: Bool) async throws {
        try await ImportFixture.with(limits: Self.leaving) { fixture in
            var options = ImportOptions()
            options.isGzip = isGzip
            // Rows of many lengths, over several chunks; of CRLF, whose halves are not torn apart.
            let text =
                "reference,name\r\n"
                + (1...60).map { "R\($0),\"Name\r\n\(String(repeating: "x", count: $0 * 3 % 190))\"\r\n\r\n" }.joined()
            let bytes = Array((text + ",late\r\n").utf8)
            let id = try await Self.take(fixture, isGzip ? try await Self.gzip(bytes) : bytes, .customers, options)
            var steps = 0
            var found = try await Self.find(fixture, id)
            while !found.state.isOver {
                try await Self.run(fixture, id, isSliced: true)
                let now = try await Self.find(fixture, id)
                #expect(now.counts.rows > found.counts.rows && now.counts.rows - found.counts.rows <= 7)
                (found, steps) = (now, steps + 1)
            }
            #expect(steps == 9 && found.state == .done && found.progress == 1)
            #expect(found.counts == ImportCounts(rows: 61, created: 60, updated: 0, rejected: 1))
            // The line is that of the file, however often it was begun.
            #expect(try await fixture.rejected(found).map(\.row) == [182])
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 60)
            #expect(try await fixture.count("SELECT count(*) FROM job.job WHERE kind = 'import.run'") == 1)
        }
    }

    @Test func `A cancelled import keeps what it wrote, and goes on when it is resumed`() async throws {
        try await ImportFixture.with(limits: Self.leaving) { fixture in
            let context = fixture.tenant.context
            let id = try await Self.take(fixture, Self.file(20))
            try await Self.run(fixture, id, isSliced: true)
            let cancelled = try await fixture.service.cancel(context, .customers, id)
            #expect(cancelled.state == .cancelled && cancelled.counts.created == 7 && cancelled.endedAt != nil)
            try await Self.run(fixture, id)
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 7)
            #expect(try await fixture.service.cancel(context, .customers, id) == cancelled)
            // Few rows were looked at by themselves.
            #expect(try await fixture.count("SELECT count(*) FROM crm.duplicate_run") == 0)
            #expect(try await fixture.service.resume(context, .customers, id).state == .waiting)
            try await Self.run(fixture, id)
            let done = try await Self.find(fixture, id)
            #expect(done.state == .done && done.counts == ImportCounts(rows: 20, created: 20, updated: 0, rejected: 0))
            await #expect(throws: ServiceError.self) { try await fixture.service.resume(context, .customers, id) }
            #expect(
                try await fixture.rows(
                    "SELECT action AS a FROM crm.event WHERE object_kind = 'import' ORDER BY occurred_at")
                    == ["import.created", "import.cancelled", "import.resumed", "customers.imported"])
        }
    }

    @Test(arguments: ["cancelled", "failed", "forgotten"])
    func `A large import that ends early has all customers looked through for duplicates`(end: String) async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRejected: 10, batchRows: 7, slice: .zero)) { fixture in
            let name = String(repeating: "x", count: 190)
            let rows = (1...23_000).map { "R\($0),\(name),\(end == "failed" && $0 > 7 ? "nobody" : "")\n" }.joined()
            let id = try await Self.take(fixture, Array(("reference,name,email\n" + rows).utf8))
            try await Self.run(fixture, id, isSliced: true)
            let scans: SQL = "SELECT count(*) FROM crm.duplicate_run WHERE kind = 'scan'"
            #expect(try await fixture.count(scans) == 0)
            switch end {
            case "cancelled": _ = try await fixture.service.cancel(fixture.tenant.context, .customers, id)
            case "failed": for _ in 0..<2 { try await Self.run(fixture, id, isSliced: true) }
            default:
                try await fixture.server.execute("UPDATE crm.import SET updated_at = now() - interval '8 days'")
                try await fixture.service.forgetOld(fixture.tenant.context)
            }
            let found = try await Self.find(fixture, id)
            #expect(found.state == (end == "cancelled" ? .cancelled : .failed) && found.counts.created == 7)
            #expect(try await fixture.count(scans) == 1)
            for kind in ["duplicates.scan", "segments.refresh"] {
                #expect(try await fixture.count("SELECT count(*) FROM job.job WHERE kind = \(kind)") == 1, "\(kind)")
            }
        }
    }

    @Test func `Two who go on with the same import write each row once`() async throws {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 5)) { fixture in
            let id = try await Self.take(fixture, Self.file(100))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await Self.run(fixture, id) } }
                try await group.waitForAll()
            }
            let done = try await Self.find(fixture, id)
            #expect(
                done.state == .done && done.counts == ImportCounts(rows: 100, created: 100, updated: 0, rejected: 0))
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 100)
        }
    }

    @Test func `Gzip is unpacked, in one piece or several, and what is damaged, breaks off or never ends fails`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(maximumBytes: 1 << 20)) { fixture in
            var options = ImportOptions()
            options.isGzip = true
            let (first, second) = (try await Self.gzip(Self.file(3)), try await Self.gzip(Array("R9,Nine\n".utf8)))
            #expect(try await fixture.customers(bytes: first + second, options).counts.created == 4)
            // Four gigabytes of one customer's name in four megabytes.
            let bomb = try await Self.gzip(
                Array("reference,name\n1,One\n2,".utf8) + [UInt8](repeating: 0x61, count: 64 << 20))
            #expect(bomb.count < 100_000)
            for (bytes, code) in [
                (Array(first.dropLast(4)), "unreadable"), (Array(first.prefix(15)) + [0, 1, 2], "unreadable"),
                (bomb, "too_large"),
            ] {
                let errors = try await fixture.refusal { try await fixture.customers(bytes: bytes, options) }
                #expect(errors.map(\.code) == [code])
            }
            let plain = try await fixture.refusal { try await fixture.customers(bytes: Self.file(1), options) }
            #expect(plain.map(\.code) == ["unreadable"])
        }
    }

    @Test func `Too many rows that are wrong end the import, and those before stay`() async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRejected: 10, batchRows: 5)) { fixture in
            let rows = (1...30).map { $0 <= 5 ? "\($0),Name\n" : "\($0),\n" }.joined()
            let id = try await Self.take(fixture, Array(("reference,name\n" + rows).utf8))
            try await Self.run(fixture, id)
            let found = try await Self.find(fixture, id)
            #expect(found.state == .failed && found.failure?.code == "too_many_rejected")
            #expect(found.counts == ImportCounts(rows: 15, created: 5, updated: 0, rejected: 10))
        }
    }

    @Test func `Customers who are deleted, merged and changed while files about them are imported lose nothing`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(batchRows: 10)) { fixture in
            let (database, context) = (fixture.tenant.database, fixture.tenant.context)
            let references = (1...60).map { "R\($0)" }
            _ = try await fixture.customers(bytes: Self.file(60))
            let customers = CustomerService(database: database)
            let found = try await customers.list(context, CustomerFilter(), try PageRequest(limit: 200)).items
            let merges = MergeService(database: database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<3 {
                    group.addTask {
                        let rows = references.shuffled().map { "\($0),Round \(round),tag\(round)\n" }.joined()
                        let id = try await Self.take(fixture, Array(("reference,name,tags\n" + rows).utf8))
                        try await Self.run(fixture, id)
                        let done = try await Self.find(fixture, id)
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
                        let id = try await Self.take(fixture, Self.file(60, from: first))
                        try await Self.run(fixture, id)
                        let done = try await Self.find(fixture, id)
                        #expect(done.counts.rows == 60 && done.counts.rejected == 0, "\(done)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 99)
        }
    }
}
