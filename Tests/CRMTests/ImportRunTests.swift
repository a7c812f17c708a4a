import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Imports that are stopped, interrupted, and go on.
@Suite("Imports that run")
struct ImportRunTests {
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
            let id = try await fixture.take(isGzip ? try await gzip(bytes) : bytes, .customers, options)
            var steps = 0
            var found = try await fixture.find(id)
            while !found.state.isOver {
                try await fixture.goOn(id, isSliced: true)
                let now = try await fixture.find(id)
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
            let id = try await fixture.take(ImportFixture.file(20))
            try await fixture.goOn(id, isSliced: true)
            let cancelled = try await fixture.service.cancel(context, .customers, id)
            #expect(cancelled.state == .cancelled && cancelled.counts.created == 7 && cancelled.endedAt != nil)
            try await fixture.goOn(id)
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 7)
            #expect(try await fixture.service.cancel(context, .customers, id) == cancelled)
            // Few rows were looked at by themselves.
            #expect(try await fixture.count("SELECT count(*) FROM crm.duplicate_run") == 0)
            #expect(try await fixture.service.resume(context, .customers, id).state == .waiting)
            try await fixture.goOn(id)
            let done = try await fixture.find(id)
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
            let id = try await fixture.take(Array(("reference,name,email\n" + rows).utf8))
            try await fixture.goOn(id, isSliced: true)
            let scans: SQL = "SELECT count(*) FROM crm.duplicate_run WHERE kind = 'scan'"
            #expect(try await fixture.count(scans) == 0)
            switch end {
            case "cancelled": _ = try await fixture.service.cancel(fixture.tenant.context, .customers, id)
            case "failed": for _ in 0..<2 { try await fixture.goOn(id, isSliced: true) }
            default:
                try await fixture.server.execute("UPDATE crm.import SET updated_at = now() - interval '8 days'")
                try await fixture.service.forgetOld(fixture.tenant.context)
            }
            let found = try await fixture.find(id)
            #expect(found.state == (end == "cancelled" ? .cancelled : .failed) && found.counts.created == 7)
            #expect(try await fixture.count(scans) == 1)
            for kind in ["duplicates.scan", "segments.refresh"] {
                #expect(try await fixture.count("SELECT count(*) FROM job.job WHERE kind = \(kind)") == 1, "\(kind)")
            }
        }
    }

    @Test func `Gzip is unpacked, in one piece or several, and what is damaged, breaks off or never ends fails`()
        async throws
    {
        try await ImportFixture.with(limits: ImportLimits(maximumBytes: 1 << 20)) { fixture in
            var options = ImportOptions()
            options.isGzip = true
            let (first, second) = (try await gzip(ImportFixture.file(3)), try await gzip(Array("R9,Nine\n".utf8)))
            #expect(try await fixture.customers(bytes: first + second, options).counts.created == 4)
            // Four gigabytes of one customer's name in four megabytes.
            let bomb =
                try await gzip(Array("reference,name\n1,One\n2,".utf8)) + (try await gzipBomb(of: "a"))
            #expect(bomb.count < 5 << 20)
            for (bytes, code) in [
                (Array(first.dropLast(4)), "unreadable"), (Array(first.prefix(15)) + [0, 1, 2], "unreadable"),
                (bomb, "too_large"),
            ] {
                let errors = try await fixture.refusal { try await fixture.customers(bytes: bytes, options) }
                #expect(errors.map(\.code) == [code])
            }
            let plain = try await fixture.refusal { try await fixture.customers(bytes: ImportFixture.file(1), options) }
            #expect(plain.map(\.code) == ["unreadable"])
        }
    }

    @Test func `Too many rows that are wrong end the import, and those before stay`() async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRejected: 10, batchRows: 5)) { fixture in
            let rows = (1...30).map { $0 <= 5 ? "\($0),Name\n" : "\($0),\n" }.joined()
            let id = try await fixture.take(Array(("reference,name\n" + rows).utf8))
            try await fixture.goOn(id)
            let found = try await fixture.find(id)
            #expect(found.state == .failed && found.failure?.code == "too_many_rejected")
            #expect(found.counts == ImportCounts(rows: 15, created: 5, updated: 0, rejected: 10))
        }
    }
}
