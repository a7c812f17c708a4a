import Foundation
import Postgres

/// What `crm.check_attributes` and `crm.check_attribute_filters` find.
struct AttributeFault: Decodable {
    private static let state = SQLState(rawValue: "MV006")

    /// The attribute's, or of filters the place.
    let name: String
    let code: String
    let detail: String

    /// `nil` for another error.
    static func list(_ error: PostgresError) throws -> [AttributeFault]? {
        guard error.state == state else { return nil }
        return try JSONDecoder().decode([AttributeFault].self, from: Data((error.report?.message ?? "").utf8))
    }

    /// Has filters refused at the places where they were asked for.
    static func explainingFilters<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PostgresError {
            guard let faults = try list(error) else { throw error }
            throw ServiceError.invalid(faults.map { FieldError($0.name, $0.code, $0.detail) })
        }
    }
}
