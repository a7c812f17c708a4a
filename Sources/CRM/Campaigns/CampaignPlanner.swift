import Foundation
import JobQueue
import Postgres

/// Writes the ledger of a launched campaign, a stretch at a time, each with the jobs that send it, and ends the campaign
/// when those have ended.
///
/// The jobs are a batch with the campaign's own id. A planner that dies goes on where it was: rows that stand are left
/// alone, and a stretch commits with its jobs.
package struct CampaignPlanner: Sendable {
    private static let stretch = 1000

    private let database: Database

    package init(database: Database) { self.database = database }

    /// - Throws: ``SegmentEvaluator/Busy``, and nothing is done.
    package func plan(_ context: TenantContext, _ id: Campaign.ID) async throws {
        let tenant = context.tenantID
        // Invitations cannot be taken back, so the audience is that of now.
        try await SegmentEvaluator(database: database).settle(context)
        let campaign: Campaign? = try await database.withTenant(context, timeout: SegmentEvaluator.timeout) {
            transaction in
            let campaign = try await transaction.run(CampaignStatements.find(tenant, id))
            guard let campaign, campaign.state == .planning else { return nil }
            try await transaction.evaluate(campaign.segmentID)
            let batch = JobBatch(
                id: id.rawValue, name: SendInvitations.kind, finally: NewJob(FinishCampaign(campaignID: id)))
            try await transaction.run(try batch.open(tenant: tenant.rawValue))
            return campaign
        }
        // A planner that died may have come to this point already.
        guard let campaign else { return try await close(context, id) }
        var after: Customer.ID?
        repeat {
            after = try await planStretch(context, campaign, after: after)
        } while after != nil
        await database.analyse(context, ["invitation"])
        try await close(context, id)
    }

    /// Says that the ledger is written: whatever job ends last brings the campaign's end with it.
    private func close(_ context: TenantContext, _ id: Campaign.ID) async throws {
        let tenant = context.tenantID
        _ = try await database.pipeline(
            context, CampaignStatements.run(tenant, id), JobBatch.close(tenant: tenant.rawValue, id.rawValue))
    }

    /// Ends the campaign if nothing is left to send. Where a sending job was given up, something is, and the campaign
    /// ends after somebody has had that job retried; what somebody cancelled is not sent any more.
    package func finish(_ context: TenantContext, _ id: Campaign.ID) async throws {
        _ = try await database.pipeline(
            context, CampaignStatements.settleCancelled(context.tenantID, id),
            CampaignStatements.finish(context.tenantID, id))
    }

    /// - Returns: the last customer that was looked at; `nil` at the end of the audience.
    private func planStretch(
        _ context: TenantContext, _ campaign: Campaign, after: Customer.ID?
    ) async throws -> Customer.ID? {
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (_, candidates) = try await transaction.pipeline(
                AudienceStatements.serialisePlanning(tenant),
                AudienceStatements.candidates(tenant, campaign.segmentID, after: after, limit: Self.stretch))
            guard !candidates.isEmpty else { return nil }
            let planned = try await transaction.run(InvitationStatements.plan(tenant, campaign, candidates))
            let jobs = planned.sorted { $0.description < $1.description }.chunked(by: SendInvitations.chunk).map {
                chunk in
                NewJob(
                    SendInvitations(campaignID: campaign.id, first: chunk.first, last: chunk.last),
                    batchID: campaign.id.rawValue)
            }
            _ = try await transaction.pipeline(all: try Enqueue.statements(tenant: tenant.rawValue, jobs: jobs))
            return candidates.count < Self.stretch ? nil : candidates.last?.customerID
        }
    }
}

extension Array {
    /// The first and the last element of each stretch of at most `size`.
    fileprivate func chunked(by size: Int) -> [(first: Element, last: Element)] {
        stride(from: 0, to: count, by: size).map { (self[$0], self[Swift.min($0 + size, count) - 1]) }
    }
}
