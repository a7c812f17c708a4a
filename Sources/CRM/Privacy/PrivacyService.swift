import Foundation
import Postgres

/// What persons may ask for: what is kept of them, and to be forgotten.
public struct PrivacyService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Everything that is kept of a customer, also of one who was deleted; the log notes that it was taken out.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func export(_ context: TenantContext, _ id: Customer.ID) async throws -> PersonExport {
        try context.require(.privacyRead)
        return try await database.withTenant(context) { transaction in
            let json = try await transaction.run(PrivacyStatements.export(id)).orNotFound(Customer.kind)
            _ = try await transaction.run(
                try Event.record("customer.exported", Customer.kind, id.rawValue, by: context))
            return PersonExport(json: json.utf8)
        }
    }

    /// Takes everything that tells of a person away from a customer, for good. What counts without saying of whom stays: amounts,
    /// days, scores. A suppressed address stays suppressed, though it cannot be read any more.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `in_use` for an organisation with
    ///   people.
    public func erase(_ context: TenantContext, _ id: Customer.ID) async throws {
        try context.require(.privacyWrite)
        do {
            try await database.withTenant(context) { transaction in
                guard try await transaction.run(PrivacyStatements.erase(id)) else {
                    throw ServiceError.notFound(Customer.kind)
                }
                _ = try await transaction.pipeline(
                    try Event.record("customer.erased", Customer.kind, id.rawValue, by: context),
                    RefreshCustomers.noting(context.tenantID, [id]))
            }
        } catch let error as PostgresError where error.state == PrivacyStatements.hasPeople {
            throw CustomerService.hasPeople
        }
    }
}

enum PrivacyStatements {
    /// What `crm.erase_person` raises.
    static let hasPeople = SQLState(rawValue: "MV005")

    static func export(_ id: Customer.ID) -> Statement<JSONText?> {
        Statement("person.export", "SELECT crm.person(\(id))", one: { try $0.nextIfPresent() })
    }

    static func erase(_ id: Customer.ID) -> Statement<Bool> {
        Statement("person.erase", "SELECT crm.erase_person(\(id))", one: { try $0.next() })
    }
}
