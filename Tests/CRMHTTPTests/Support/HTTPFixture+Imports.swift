import CRM
import HTTPTypes
import TestSupport
import Testing

extension HTTPFixture {
    /// Sends a file, has it imported as a worker does, and gives the import as it is then.
    func upload(
        _ kind: FileImport.Kind, _ text: String, query: String = "", type: String = "text/csv"
    ) async throws -> Answer {
        let path = "/v1/\(kind.rawValue)/imports"
        let sent = try await api.send(TestRequest(.post, path + query, text, type: type))
        guard sent.status == 202 else { return sent }
        let id = try #require(try sent.text("id").flatMap { FileImport.ID($0) })
        try await ImportRunner(database: business.database).run(business.context, id)
        return try await api.get("\(path)/\(id)")
    }
}
