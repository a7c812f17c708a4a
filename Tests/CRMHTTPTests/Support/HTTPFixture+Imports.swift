import CRM
import Foundation
import HTTPTypes
import TestSupport
import Testing

extension HTTPFixture {
    /// Sends a file, has it imported as a worker does, and gives the import as it is then.
    func upload(
        _ kind: FileImport.Kind, _ text: String, query: String = "", type: String = "text/csv"
    ) async throws -> Answer {
        try await upload(kind, Data(text.utf8), query: query, headers: [.contentType: type])
    }

    /// The same of a file of whatever bytes, and what is said of them.
    func upload(
        _ kind: FileImport.Kind, _ bytes: Data, query: String = "", headers: HTTPFields
    ) async throws -> Answer {
        let path = "/v1/\(kind.rawValue)/imports"
        let sent = try await api.send(bytes, to: path + query, headers: headers)
        guard sent.status == 202 else { return sent }
        let id = try #require(try sent.text("id").flatMap { FileImport.ID($0) })
        try await ImportRunner(database: business.database).run(business.context, id)
        return try await api.get("\(path)/\(id)")
    }
}
