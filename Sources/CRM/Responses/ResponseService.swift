import Foundation
import Postgres

/// What respondents answered, for the business to read.
public struct ResponseService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// By the time of the first answer; of one campaign or of all.
    public func list(
        _ context: TenantContext, campaign: Campaign.ID? = nil, onlyWithComment: Bool = false,
        _ page: PageRequest<Response>
    ) async throws -> Page<Response> {
        try context.require(.responsesRead)
        let responses = try await database.run(
            context,
            ResponseStatements.list(
                context.tenantID, campaign: campaign, onlyWithComment: onlyWithComment, page))
        return page.page(of: responses)
    }
}
