import Foundation
import Postgres
import TestSupport

@testable import CRM

/// An import, one step at a time.
extension ImportFixture {
    /// Customers R1, R2, ….
    static func file(_ rows: Int, from first: Int = 1) -> [UInt8] {
        Array(("reference,name\n" + (first..<first + rows).map { "R\($0),Name \($0)\n" }.joined()).utf8)
    }

    /// Takes a file in without importing it.
    func take(
        _ bytes: [UInt8], _ kind: FileImport.Kind = .customers, _ options: ImportOptions = ImportOptions()
    ) async throws -> FileImport.ID {
        let file = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await service.create(tenant.context, kind, options, from: file).id
    }

    /// Goes on with an import, as a job does.
    func goOn(_ id: FileImport.ID, limits: ImportLimits? = nil, isSliced: Bool = false) async throws {
        try await ImportRunner(database: tenant.database, limits: limits ?? service.limits)
            .run(tenant.context, id, isSliced: isSliced)
    }

    /// Goes on with an import until it is over: again when others were in its way, as the queue has the job do.
    ///
    /// - Returns: what came of it, and how often others were.
    func end(_ id: FileImport.ID, _ kind: FileImport.Kind) async throws -> (file: FileImport, collisions: Int) {
        for collisions in 0..<20 {
            do {
                try await goOn(id)
                return (try await find(id, kind), collisions)
            } catch let error as PostgresError where error.isContention {
                continue
            } catch is ImportOvertaken {
                continue
            }
        }
        throw NeverEnded()
    }

    struct NeverEnded: Error {}

    func find(_ id: FileImport.ID, _ kind: FileImport.Kind = .customers) async throws -> FileImport {
        try await service.find(tenant.context, kind, id)
    }
}
