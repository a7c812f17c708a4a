import Foundation
import JobQueue
import Postgres

/// Customers who may be one: what was found, and what is decided of it.
public struct DuplicateService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    // MARK: Pairs

    /// - Throws: ``ServiceError/notFound(_:)``, also while one of the customers is gone.
    public func find(_ context: TenantContext, _ id: Duplicate.ID) async throws -> Duplicate {
        try context.require(.customersRead)
        return try await database.lookUp(context, DuplicateStatements.find(context.tenantID, id))
            .orNotFound(Duplicate.kind)
    }

    /// The likeliest first.
    public func list(
        _ context: TenantContext, _ filter: DuplicateFilter, _ page: PageRequest<Duplicate>
    ) async throws -> Page<Duplicate> {
        try context.require(.customersRead)
        return page.page(of: try await database.run(context, DuplicateStatements.list(context.tenantID, filter, page)))
    }

    /// Says that two customers are not one, which stays so whatever is found later.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `already_decided` for one that was merged.
    public func dismiss(_ context: TenantContext, _ id: Duplicate.ID) async throws -> Duplicate {
        try await decide(context, id, .dismissed, "duplicate.dismissed")
    }

    /// Takes back that a pair was dismissed.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `already_decided` for one that was merged.
    public func reopen(_ context: TenantContext, _ id: Duplicate.ID) async throws -> Duplicate {
        try await decide(context, id, .open, "duplicate.reopened")
    }

    private func decide(
        _ context: TenantContext, _ id: Duplicate.ID, _ state: Duplicate.State, _ action: String
    ) async throws -> Duplicate {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (old, found) = try await transaction.pipeline(
                DuplicateStatements.lock(tenant, id), DuplicateStatements.find(tenant, id))
            let pair = try found.orNotFound(Duplicate.kind)
            if old == state { return pair }
            if old == .merged { throw Self.alreadyDecided }
            // Whether they still look alike is found out anew.
            return try await transaction.pipeline(
                DuplicateStatements.decide(id, state, by: context),
                try Event.record(action, Duplicate.kind, id.rawValue, by: context),
                FindDuplicates.note(tenant: tenant.rawValue, items: [pair.first.id.rawValue]),
                DuplicateStatements.find(tenant, id)
            ).3.orNotFound(Duplicate.kind)
        }
    }

    /// Makes the customers of an open pair one, as ``MergeService`` does; it can be undone for 30 days.
    ///
    /// - Parameter survivor: who stays; by default the one with more orders, then the older one.
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/invalid(_:)`` for a survivor that is neither of them;
    ///   ``ServiceError/conflict(code:detail:)`` `already_decided` when it was, or one of the customers is gone, and `other_kind`
    ///   for a person and an organisation.
    public func merge(
        _ context: TenantContext, _ id: Duplicate.ID, survivor: Customer.ID? = nil
    ) async throws -> Duplicate {
        try context.require(.customersWrite)
        return try await CustomerService.explaining {
            try await database.withTenant(context) { transaction in
                try await transaction.merge(id, survivor: survivor)
                return try await transaction.run(DuplicateStatements.find(context.tenantID, id))
                    .orNotFound(Duplicate.kind)
            }
        }
    }

    static let alreadyDecided = ServiceError.conflict(
        code: "already_decided", detail: "The pair was decided before, or one of the customers is gone.")

    // MARK: Runs

    /// Has all customers looked through for pairs, unless that is under way; a job does it, step by step.
    ///
    /// - Returns: the run that is under way.
    public func scan(_ context: TenantContext, id: DuplicateRun.ID = .make()) async throws -> DuplicateRun {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let run = try await transaction.beginScan(id, isAnew: false)
            if run == id {
                _ = try await transaction.run(
                    try Event.record("duplicates.scan_requested", DuplicateRun.kind, id.rawValue, by: context))
            }
            return try await transaction.run(DuplicateRunStatements.find(tenant, run)).orNotFound(DuplicateRun.kind)
        }
    }

    /// Has many pairs merged; a job does it, each in a transaction of its own.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for ids that are no pairs.
    public func merge(
        _ context: TenantContext, id: DuplicateRun.ID = .make(), _ pairs: MergedDuplicates
    ) async throws -> DuplicateRun {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let insert: Statement<Int>
            switch pairs {
            case .some(let ids):
                let present = Set(try await transaction.run(DuplicateStatements.present(tenant, ids)))
                try ServiceError.refuse(
                    ids.enumerated().filter { !present.contains($0.element) }.map { index, _ in
                        FieldError("/duplicate_ids/\(index)", "not_found", "There is no such pair.")
                    })
                insert = DuplicateRunStatements.insert(
                    id, ids: ids, minimumScore: nil, total: ids.count, by: context)
            case .likely(let minimum, let limit):
                let count = try await transaction.run(DuplicateStatements.count(tenant, minimum))
                insert = DuplicateRunStatements.insert(
                    id, ids: nil, minimumScore: minimum, total: min(count, limit), by: context)
            }
            return try await transaction.pipeline(
                insert, try Event.record("duplicates.merge_requested", DuplicateRun.kind, id.rawValue, by: context),
                try Enqueue.statement(tenant: tenant.rawValue, job: MergeDuplicates(runID: id)),
                DuplicateRunStatements.find(tenant, id)
            ).3.orNotFound(DuplicateRun.kind)
        }
    }

    /// Has all merges of a run undone; a job does it, the newest first, each in a transaction of its own, and passes over those that
    /// cannot be undone any more.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `not_undoable` for one that merges nothing, has
    ///   merged nothing, has not ended, or is being undone.
    public func undo(
        _ context: TenantContext, id: DuplicateRun.ID = .make(), _ run: DuplicateRun.ID
    ) async throws -> DuplicateRun {
        try context.require(.customersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (found, merge) = try await transaction.pipeline(
                DuplicateRunStatements.find(tenant, run), MergeStatements.newest(tenant, of: run, before: nil))
            let old = try found.orNotFound(DuplicateRun.kind)
            guard old.type == .merge else { throw MergeService.notUndoable("It is no merge of many pairs.") }
            guard old.state == .finished else { throw MergeService.notUndoable("It has not ended.") }
            // Of a time when merges did not know their runs, or of a run that came too late for all pairs.
            guard merge != nil else { throw MergeService.notUndoable("It has no merges.") }
            guard try await transaction.run(DuplicateRunStatements.beginUndo(id, of: old, by: context)) == 1 else {
                throw MergeService.notUndoable("It is being undone.")
            }
            return try await transaction.pipeline(
                try Event.record(
                    "duplicates.undo_requested", DuplicateRun.kind, id.rawValue, by: context,
                    data: ["undone_run_id": .string(run.description)]),
                try Enqueue.statement(tenant: tenant.rawValue, job: UndoMerges(runID: id)),
                DuplicateRunStatements.find(tenant, id)
            ).2.orNotFound(DuplicateRun.kind)
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func findRun(_ context: TenantContext, _ id: DuplicateRun.ID) async throws -> DuplicateRun {
        try context.require(.customersRead)
        return try await database.lookUp(context, DuplicateRunStatements.find(context.tenantID, id))
            .orNotFound(DuplicateRun.kind)
    }

    /// What ``scan(_:id:)`` gave for the id: where another scan was under way, that one or the newest.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func findScan(_ context: TenantContext, _ id: DuplicateRun.ID) async throws -> DuplicateRun {
        try context.require(.customersRead)
        let (run, newest) = try await database.pipeline(
            context, DuplicateRunStatements.find(context.tenantID, id), DuplicateRunStatements.scan(context.tenantID))
        return try (run ?? newest).orNotFound(DuplicateRun.kind)
    }

    /// Newest first.
    public func listRuns(
        _ context: TenantContext, _ page: PageRequest<DuplicateRun>
    ) async throws -> Page<DuplicateRun> {
        try context.require(.customersRead)
        return page.page(of: try await database.run(context, DuplicateRunStatements.list(context.tenantID, page)))
    }
}

extension TenantTransaction {
    /// Begins a scan, or lets the one that has not ended go on.
    ///
    /// - Parameter isAnew: whether that one begins anew.
    mutating func beginScan(_ id: DuplicateRun.ID = .make(), isAnew: Bool) async throws -> DuplicateRun.ID {
        let run = try await run(DuplicateRunStatements.beginScan(id, isAnew: isAnew, by: context))
        _ = try await self.run(
            try Enqueue.statement(tenant: context.tenantID.rawValue, job: ScanDuplicates(runID: run)))
        return run
    }

    /// Makes the customers of an open pair one.
    ///
    /// - Parameter run: the merge of many pairs that it is a part of.
    mutating func merge(_ id: Duplicate.ID, survivor: Customer.ID?, run: DuplicateRun.ID? = nil) async throws {
        let tenant = context.tenantID
        let pair = try await self.run(DuplicateStatements.pair(tenant, id)).orNotFound(Duplicate.kind)
        let both = [pair.first, pair.second]
        if let survivor, !both.contains(survivor) {
            throw ServiceError.invalid("/survivor_id", "invalid", "Neither of the two.")
        }
        // The customers first, as whoever merges them otherwise.
        let (_, there, state) = try await pipeline(
            AudienceStatements.serialisePlanning(tenant), MergeStatements.lock(tenant, both),
            DuplicateStatements.lock(tenant, id))
        guard state == .open, there.count == 2 else { throw DuplicateService.alreadyDecided }
        let stays = survivor ?? pair.usualSurvivor
        guard let other = both.first(where: { $0 != stays }) else { throw DuplicateService.alreadyDecided }
        if pair.isMixed {
            throw ServiceError.conflict(
                code: "other_kind", detail: "One is a person and the other an organisation. Change one first.")
        }
        _ = try await merge([other], into: stays, run: run)
    }
}
