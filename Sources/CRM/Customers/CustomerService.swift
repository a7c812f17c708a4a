import Foundation
import Postgres

/// The record of every customer of a tenant.
public struct CustomerService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `reference_taken`.
    public func create(
        _ context: TenantContext, id: Customer.ID = .make(), _ new: CustomerValues
    ) async throws -> Customer {
        try context.require(.customersWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        let insert = try CustomerStatements.insert(tenant, id, new)
        let points = CustomerPartStatements.insertContactPoints(tenant, id, new.contactPoints)
        let event = try Event.record(
            "customer.created", "customer", id.rawValue, from: nil, to: Customer(id, new), by: context,
            unknown: new.language == nil ? ["language"] : [])
        let find = CustomerStatements.find(tenant, id)
        let noting = RefreshCustomers.noting(tenant, [id])
        let check = CustomerStatements.checkAttributes(tenant, from: [:], to: new.attributes)
        let links = new.links(after: nil)
        return try await Self.explaining {
            if links.isEmpty, !new.hasParts {
                return try await database.pipeline(context, check, insert, points, event, noting, find).5
                    .orNotFound("customer")
            }
            return try await database.withTenant(context) { transaction in
                try await transaction.require(links)
                return try await transaction.pipeline(
                    check, insert, points, CustomerPartStatements.insert(tenant, id, new), event, noting, find
                ).6.orNotFound("customer")
            }
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Customer.ID) async throws -> Customer {
        try context.require(.customersRead)
        return try await database.lookUp(context, CustomerStatements.find(context.tenantID, id))
            .orNotFound("customer")
    }

    /// By age, oldest or newest first.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` for attributes that the business does not keep, or that are something else.
    public func list(
        _ context: TenantContext, _ filter: CustomerFilter, _ page: PageRequest<Customer>
    ) async throws -> Page<Customer> {
        try filter.admit(context)
        let list = CustomerStatements.list(context.tenantID, filter, page)
        guard let check = try filter.check(of: context.tenantID) else {
            return page.page(of: try await database.run(context, list))
        }
        return try await AttributeFault.explainingFilters {
            page.page(of: try await database.pipeline(context, check, list).1)
        }
    }

    /// The customers that a text finds, the best first: by an address or a reference, by the words of their names or the
    /// beginnings of those, and by words like them where nobody is called so.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``.
    public func search(
        _ context: TenantContext, _ text: String, limit: Int = CustomerSearch.usualLimit
    ) async throws -> [CustomerMatch] {
        try context.require(.customersRead)
        var errors: [FieldError] = []
        CustomerSearch.textRule.check(text, "/q", into: &errors)
        errors.check(limit, in: CustomerSearch.limits, "/limit")
        try ServiceError.refuse(errors)
        return try await database.run(context, CustomerStatements.search(context.tenantID, text, limit: limit))
    }

    /// How the relationships went, newest first; of one customer or of all.
    public func stageChanges(
        _ context: TenantContext, _ filter: StageChangeFilter, _ page: PageRequest<StageChange>
    ) async throws -> Page<StageChange> {
        try context.require(.customersRead)
        return page.page(
            of: try await database.run(context, StageChangeStatements.list(context.tenantID, filter, page)))
    }

    /// Changes a customer, if it still has the version that the caller saw.
    ///
    /// - Parameter change: gives the new values from the present ones; may be called several times.
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `reference_taken`, and `in_use` for an organisation with people that is to be
    ///   a person.
    public func update(
        _ context: TenantContext, _ id: Customer.ID, ifVersion expected: Int?,
        _ change: @Sendable (CustomerValues) throws -> CustomerValues
    ) async throws -> Customer {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await Self.explaining {
            try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    let old = try await transaction.run(CustomerStatements.find(tenant, id)).orNotFound("customer")
                    if let expected, expected != old.version { throw ServiceError.stale }
                    let values = try change(old.values)
                    try ServiceError.refuse(values.faults.since(old.values.faults))
                    if ObjectChange(from: old, to: old.with(values)) == nil { return old }
                    return try await transaction.replace(old, by: values)
                }
            }
        }
    }

    /// Deletes a customer: it is in no list, and its references are free; a job takes it out of all segments. It can be restored.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `in_use` for an organisation with
    ///   people.
    @discardableResult
    public func delete(_ context: TenantContext, _ id: Customer.ID) async throws -> Customer {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (found, hasPeople) = try await transaction.pipeline(
                CustomerStatements.lock(tenant, id, isDeleted: false), CustomerStatements.hasPeople(tenant, id))
            let old = try found.orNotFound("customer")
            if hasPeople { throw Self.hasPeople }
            _ = try await transaction.pipeline(
                CustomerStatements.setDeleted(tenant, id, true), CustomerPartStatements.delete(tenant, id),
                RefreshCustomers.noting(tenant, [id]),
                try Event.record("customer.deleted", "customer", id.rawValue, by: context))
            return old
        }
    }

    /// Takes the deletion of a customer back. A job puts it into the segments again that are found by rules.
    ///
    /// - Throws: ``ServiceError/notFound(_:)`` for a customer that was not deleted; ``ServiceError/conflict(code:detail:)``
    ///   `reference_taken` when another one got a reference of this one meanwhile.
    public func restore(_ context: TenantContext, _ id: Customer.ID) async throws -> Customer {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await Self.explaining {
            try await database.withTenant(context) { transaction in
                let old = try await transaction.run(CustomerStatements.lock(tenant, id, isDeleted: true))
                    .orNotFound("customer")
                // What the customer was linked to may be gone by now.
                let values = try await transaction.withoutLostLinks(old.values)
                return try await transaction.pipeline(
                    CustomerStatements.setDeleted(tenant, id, false), CustomerStatements.relink(tenant, id, values),
                    CustomerPartStatements.insert(tenant, id, values),
                    CustomerPartStatements.insertFormerReferences(tenant, id),
                    // With the links that were lost meanwhile.
                    try Event.record(
                        "customer.restored", "customer", id.rawValue, from: old, to: old.with(values), by: context),
                    RefreshCustomers.noting(tenant, [id]), CustomerStatements.find(tenant, id)
                ).6.orNotFound("customer")
            }
        }
    }

    static let hasPeople = ServiceError.conflict(
        code: "in_use", detail: "People belong to this organisation. Change or delete them first.")

    static func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PostgresError {
            if error.violates("customer_reference_key") {
                throw ServiceError.conflict(
                    code: "reference_taken", detail: "Another customer has this reference (/reference).")
            }
            if error.violates("customer_reference_pkey") {
                throw ServiceError.conflict(
                    code: "reference_taken", detail: "Another customer has one of these /references.")
            }
            if let faults = try AttributeFault.list(error) {
                throw ServiceError.invalid(
                    faults.map { FieldError("/attributes/\(FieldError.escaped($0.name))", $0.code, $0.detail) })
            }
            throw error
        }
    }
}

extension TenantTransaction {
    /// Writes new values of a customer, and what of them stands elsewhere.
    fileprivate mutating func replace(_ old: Customer, by values: CustomerValues) async throws -> Customer {
        let (tenant, id) = (context.tenantID, old.id)
        try await require(values.links(after: old.values))
        if values.attributes != old.values.attributes {
            try await run(
                CustomerStatements.checkAttributes(tenant, from: old.values.attributes, to: values.attributes))
        }
        // The rest is done only to the row as it was read.
        guard try await run(CustomerStatements.update(tenant, old, values)) == 1 else { throw ServiceError.stale }
        if old.values.kind == .organisation, values.kind == .person,
            try await run(CustomerStatements.hasPeople(tenant, id))
        {
            throw CustomerService.hasPeople
        }
        var parts: [Statement<Void>] = []
        if values.hasOtherParts(than: old.values) {
            parts = [CustomerPartStatements.delete(tenant, id), CustomerPartStatements.insert(tenant, id, values)]
        }
        var rows: [Statement<Int>] = parts.isEmpty ? [] : [CustomerPartStatements.insertFormerReferences(tenant, id)]
        if values.contactPoints != old.values.contactPoints {
            rows += [
                CustomerPartStatements.deleteContactPoints(tenant, id),
                CustomerPartStatements.insertContactPoints(tenant, id, values.contactPoints),
            ]
        }
        if values.stage != old.values.stage {
            rows.append(StageChangeStatements.insert(id, from: old.values.stage, to: values, by: context))
        }
        if !parts.isEmpty { _ = try await pipeline(all: parts) }
        if !rows.isEmpty { _ = try await pipeline(all: rows) }
        let new = try await run(CustomerStatements.find(tenant, id)).orNotFound("customer")
        _ = try await pipeline(
            try Event.record("customer.updated", "customer", id.rawValue, from: old, to: new, by: context),
            RefreshCustomers.noting(tenant, [id]))
        return new
    }

    /// The values without those that name what is not there.
    mutating func withoutLostLinks(_ old: CustomerValues) async throws -> CustomerValues {
        let tenant = context.tenantID
        func present(_ target: ObjectLink.Target, _ ids: [UUID]) -> Statement<[UUID]> {
            ObjectLink.present(tenant, target, ids)
        }
        let (markets, owners, organisations) = try await pipeline(
            present(.market, old.marketIDs.map(\.rawValue)),
            present(.member, [old.ownerID?.rawValue].compactMap(\.self)),
            present(.organisation, [old.organisationID?.rawValue].compactMap(\.self)))
        var values = old
        values.marketIDs = old.marketIDs.filter { markets.contains($0.rawValue) }
        values.ownerID = owners.isEmpty ? nil : old.ownerID
        values.organisationID = organisations.isEmpty ? nil : old.organisationID
        return values
    }
}
