public import CRM
import Foundation

/// Imports a file to its end, as a worker does, and gives what came of it.
public func importFile(
    _ database: Database, _ context: TenantContext, _ kind: FileImport.Kind, _ bytes: [UInt8],
    _ options: ImportOptions = ImportOptions(), limits: ImportLimits = ImportLimits()
) async throws -> FileImport {
    let file = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let service = ImportService(database: database, limits: limits)
    let id = try await service.create(context, kind, options, from: file).id
    try await ImportRunner(database: database, limits: limits).run(context, id)
    return try await service.find(context, kind, id)
}
