import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

/// The queue without the rest of the deployment.
struct StandaloneTests {
    /// The files that JobQueue's “Getting started” names, in that order.
    private var files: [URL] {
        get throws {
            func matching(_ folder: String, _ isWanted: (String) -> Bool) throws -> [URL] {
                let folder = sqlDirectory.appending(path: folder)
                return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter(isWanted).sorted()
                    .map { folder.appending(path: $0) }
            }
            return try matching("migrations") { $0.hasPrefix("0001_") }
                + matching("migrations") { $0.hasSuffix("_jobs.sql") }
                + matching("migrations") { $0.contains("_queue") }
                + matching("routines") { $0.hasPrefix("job_") }
        }
    }

    @Test func `jobs of a tenant that nobody registered are found`() async throws {
        try await withQueue { queue in
            let stranger = UUID.v7()
            for tenant in [queue.tenant, stranger, queue.otherTenant] {
                try await queue.enqueue([NewJob(Note()), NewJob(Note())], tenant: tenant)
            }
            let found: [UUID] = try await queue.queue.pipeline(Maintenance.unregisteredTenants)
            #expect(found == [stranger])
        }
    }

    @Test func `the queue's tables need nothing of the CRM's`() async throws {
        try await withDatabase { database in
            try await applyRoles(to: database)
            let scripts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
            #expect(scripts.count >= 8)
            try await database.execute("SET ROLE mehvar_owner; CREATE SCHEMA platform;" + scripts.joined())
            try await withQueue(in: database) { queue in
                var handlers = HandlerRegistry()
                handlers.register(Note.self) { _, _ in }
                try await queue.enqueue((0..<10).map { NewJob(Note(number: $0)) })
                try await withWorker(queue.queue, handlers) { _ in
                    try await eventually { try await queue.counts() == [0, 10, 0] }
                }
            }
        }
    }
}
