import Foundation
import Postgres

/// Makes customers one who are one, and takes that back.
public struct MergeService: Sendable {
    /// Most customers that are merged into one at once.
    public static let maximumCustomers = 20

    private let database: Database

    public init(database: Database) { self.database = database }

    /// Makes others one with a customer: what happened with them is the survivor's from then on, with what the survivor lacks of their
    /// values, and they are no more. It can be undone for 30 days, one by one.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/invalid(_:)`` for ids that are no customers, the survivor's own, and
    ///   customers of another kind.
    public func merge(
        _ context: TenantContext, _ others: [Customer.ID], into survivor: Customer.ID
    ) async throws -> Customer {
        try context.require(.customersWrite)
        guard (1...Self.maximumCustomers).contains(others.count) else {
            throw ServiceError.invalid("/customer_ids", "length", "1 to \(Self.maximumCustomers) ids.")
        }
        return try await database.withTenant(context) { transaction in
            try await transaction.merge(others, into: survivor)
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Merge.ID) async throws -> Merge {
        try context.require(.customersRead)
        return try await database.lookUp(context, MergeStatements.find(context.tenantID, id)).orNotFound(Merge.kind)
    }

    /// Newest first.
    public func list(
        _ context: TenantContext, _ filter: MergeFilter, _ page: PageRequest<Merge>
    ) async throws -> Page<Merge> {
        try context.require(.customersRead)
        return page.page(of: try await database.run(context, MergeStatements.list(context.tenantID, filter, page)))
    }

    /// Makes a merged customer one of its own again, with what was its own. What happened since stays with the survivor, and so does
    /// what somebody has changed since.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `not_undoable` after 30 days, for one that was
    ///   undone, and when either customer is gone or the survivor was merged in its turn; `reference_taken` when another customer
    ///   got a reference of the merged one meanwhile.
    public func undo(_ context: TenantContext, _ id: Merge.ID) async throws -> Merge {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await CustomerService.explaining {
            try await ServiceError.changing(ifVersion: nil) {
                try await database.withTenant(context) { transaction in
                    try await transaction.undo(id)
                    return try await transaction.run(MergeStatements.find(tenant, id)).orNotFound(Merge.kind)
                }
            }
        }
    }

    static func notUndoable(_ detail: String) -> ServiceError {
        .conflict(code: "not_undoable", detail: detail)
    }
}

extension TenantTransaction {
    /// - Parameter run: the merge of many pairs that it is a part of.
    /// - Returns: the survivor as it is now.
    mutating func merge(
        _ others: [Customer.ID], into id: Customer.ID, run: DuplicateRun.ID? = nil
    ) async throws -> Customer {
        let tenant = context.tenantID
        // All of them in one order, as whoever merges others does.
        let (_, _, customers) = try await pipeline(
            AudienceStatements.serialisePlanning(tenant), MergeStatements.lock(tenant, others + [id]),
            CustomerStatements.some(tenant, others + [id]))
        let known = Dictionary(customers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var survivor = try known[id].orNotFound(Customer.kind)
        var (errors, merged) = ([FieldError](), [Customer]())
        for (index, other) in others.enumerated() {
            let place = "/customer_ids/\(index)"
            switch known[other] {
            case nil: errors.append(FieldError(place, "not_found", "There is no such customer."))
            case .some where other == id:
                errors.append(FieldError(place, "invalid", "The customer that the others are merged into."))
            case .some where others[..<index].contains(other):
                errors.append(FieldError(place, "duplicate", "It stands there twice."))
            case .some(let customer) where customer.values.kind != survivor.values.kind:
                errors.append(FieldError(place, "invalid", "One is a person and the other an organisation."))
            case .some(let customer): merged.append(customer)
            }
        }
        try ServiceError.refuse(errors)
        for other in merged { survivor = try await merge(other, into: survivor, run: run) }
        _ = try await pipeline(
            DuplicateStatements.close(others, into: id, by: context),
            RefreshCustomers.noting(tenant, others + [id]))
        return survivor
    }

    private mutating func merge(
        _ merged: Customer, into survivor: Customer, run: DuplicateRun.ID?
    ) async throws -> Customer {
        let (tenant, id) = (context.tenantID, Merge.ID.make())
        var values = survivor.values.absorbing(merged.values)
        // Nobody belongs to themselves.
        if values.organisationID == survivor.id || values.organisationID == merged.id { values.organisationID = nil }
        _ = try await pipeline(
            MergeStatements.absorb(tenant, merged.id, into: survivor.id),
            CustomerPartStatements.delete(tenant, merged.id), CustomerPartStatements.delete(tenant, survivor.id))
        guard try await self.run(CustomerStatements.update(tenant, survivor, values)) == 1 else {
            throw ServiceError.stale
        }
        _ = try await pipeline(
            CustomerPartStatements.insert(tenant, survivor.id, values),
            try MergeStatements.insert(
                id, survivor.id, merged.id, from: MergedValues(survivor.values), to: MergedValues(values), run: run,
                by: context),
            MergeStatements.giveToSurvivor(id, survivor.id, merged.id),
            CustomerPartStatements.insertFormerReferences(tenant, survivor.id))
        try await recordStage(of: survivor, values)
        let new = try await self.run(CustomerStatements.find(tenant, survivor.id)).orNotFound(Customer.kind)
        _ = try await pipeline(
            try Event.record(
                "customer.merged", Customer.kind, survivor.id.rawValue, from: survivor, to: new, by: context),
            try Event.record(
                "customer.absorbed", Customer.kind, merged.id.rawValue, by: context,
                data: ["survivor_id": .string(survivor.id.description), "merge_id": .string(id.description)]))
        return new
    }

    /// Makes a merged customer one of its own again.
    ///
    /// - Parameter run: the merge of many pairs that is undone as a whole.
    mutating func undo(_ id: Merge.ID, of run: DuplicateRun.ID? = nil) async throws {
        let tenant = context.tenantID
        let found = try await self.run(MergeStatements.find(tenant, id)).orNotFound(Merge.kind)
        // The customers first, in the order in which merging locks them, whichever is which.
        let (_, _, locked) = try await pipeline(
            AudienceStatements.serialisePlanning(tenant),
            MergeStatements.lockBoth(tenant, found.survivorID, found.mergedID), MergeStatements.lock(tenant, id))
        let merge = try locked.orNotFound(Merge.kind)
        if merge.isUndone { throw MergeService.notUndoable("It was undone before.") }
        if merge.isTooLate { throw MergeService.notUndoable("It is more than 30 days ago.") }
        try await undo(merge, id, of: run)
    }

    private mutating func undo(_ merge: MergeStatements.Undoing, _ id: Merge.ID, of run: DuplicateRun.ID?) async throws
    {
        let tenant = context.tenantID
        let (survivor, merged, others, hasOrders) = try await pipeline(
            CustomerStatements.find(tenant, merge.survivor),
            MergeStatements.lockMerged(tenant, merge.merged, into: merge.survivor),
            MergeStatements.others(tenant, merge.survivor, besides: id),
            MergeStatements.hasOrders(tenant, merge.survivor, besides: id))
        guard let survivor, let merged, let before = merge.before, let after = merge.after else {
            throw MergeService.notUndoable("One of the customers is gone, or was merged into another one since.")
        }
        // What another one who was merged into the survivor brought as well stays, and who bought something stays an actual customer.
        var values = survivor.values.undoing(from: before.joined(by: others, after), to: after)
        if hasOrders, values.stage == .potential {
            (values.stage, values.stageReason) = (survivor.values.stage, survivor.values.stageReason)
        }
        let (_, updated, _) = try await pipeline(
            CustomerPartStatements.delete(tenant, survivor.id), CustomerStatements.update(tenant, survivor, values),
            CustomerPartStatements.insert(tenant, survivor.id, values))
        guard updated == 1 else { throw ServiceError.stale }
        let links = try await withoutLostLinks(merged.values)
        _ = try await pipeline(
            MergeStatements.release(tenant, merged.id), CustomerStatements.relink(tenant, merged.id, links),
            CustomerPartStatements.insert(tenant, merged.id, links),
            CustomerPartStatements.insertFormerReferences(tenant, merged.id),
            CustomerPartStatements.insertFormerReferences(tenant, survivor.id),
            MergeStatements.giveBack(id, survivor.id, merged.id), MergeStatements.markUndone(tenant, id))
        try await recordStage(of: survivor, values)
        _ = try await pipeline(
            // Without the values, which are the other one's.
            try Event.record(
                "customer.separated", Customer.kind, survivor.id.rawValue, by: context,
                data: ["merge_id": .string(id.description)]),
            try Event.record(
                "customer.restored", Customer.kind, merged.id.rawValue, from: merged, to: merged.with(links),
                by: context),
            DuplicateStatements.tellApart(survivor.id, merged.id, of: run, by: context),
            RefreshCustomers.noting(tenant, [survivor.id, merged.id]))
    }

    private mutating func recordStage(of survivor: Customer, _ values: CustomerValues) async throws {
        guard values.stage != survivor.values.stage else { return }
        _ = try await run(
            StageChangeStatements.insert(survivor.id, from: survivor.values.stage, to: values, by: context))
    }
}
