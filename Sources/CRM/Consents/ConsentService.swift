/// What customers said about being written to and called.
public struct ConsentService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Records a customer's word. Of a channel the one counts that the customer said last, whenever it is recorded.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for a customer that is not there.
    public func record(
        _ context: TenantContext, id: Consent.ID = .make(), _ new: NewConsent
    ) async throws -> Consent {
        try context.require(.customersWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            try await transaction.require([ObjectLink(.customer, [("/customer_id", new.customerID.rawValue)])])
            return try await transaction.pipeline(
                ConsentStatements.record(id, new, source: .api, by: context),
                try Event.record(
                    new.isGranted ? "consent.granted" : "consent.declined", "customer", new.customerID.rawValue,
                    by: context, data: ["channel": .string(new.channel.rawValue)]),
                RefreshCustomers.noting(tenant, [new.customerID]), ConsentStatements.find(tenant, id)
            ).3.orNotFound(Consent.kind)
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Consent.ID) async throws -> Consent {
        try context.require(.customersRead)
        return try await database.lookUp(context, ConsentStatements.find(context.tenantID, id)).orNotFound(Consent.kind)
    }

    /// Newest first; of one customer or of all.
    public func list(
        _ context: TenantContext, _ filter: ConsentFilter, _ page: PageRequest<Consent>
    ) async throws -> Page<Consent> {
        try context.require(.customersRead)
        return page.page(of: try await database.run(context, ConsentStatements.list(context.tenantID, filter, page)))
    }
}
