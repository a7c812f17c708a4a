public import CRM
public import JobQueue
import Logging
public import Mail

/// What the worker does for each kind of job.
public struct JobHandlers: Sendable {
    private let database: Database
    private let sender: InvitationSender

    /// - Parameter publicURL: where the response pages are reached.
    public init(database: Database, transport: any MailTransport, publicURL: String) {
        self.database = database
        sender = InvitationSender(database: database, transport: transport, publicURL: publicURL)
    }

    public func registry() -> HandlerRegistry {
        var registry = HandlerRegistry()
        let segments = SegmentService(database: database)
        let planner = CampaignPlanner(database: database)
        let scores = ScoreService(database: database)
        registry.register(EvaluateSegment.self) { job, context in
            try await segments.evaluate(context.tenant, job.segmentID)
        }
        registry.register(PlanCampaign.self) { job, context in
            try await planner.plan(context.tenant, job.campaignID)
        }
        registry.register(FinishCampaign.self) { job, context in
            try await planner.finish(context.tenant, job.campaignID)
        }
        registry.register(SendInvitations.self) { [sender] job, context in
            let report = try await sender.send(context.tenant, job)
            // A mail server that is away is waited for, however long: what is planned is not lost, nor given up.
            if report.delayed > 0 {
                context.logger.warning(
                    "invitations wait",
                    metadata: [
                        "campaign": "\(job.campaignID)", "waiting": "\(report.delayed)",
                        "reason": "\(report.delay ?? "unknown")",
                    ])
                throw JobError.snooze(.seconds(15))
            }
        }
        registry.register(RecomputeScores.self) { job, context in
            try await scores.recompute(context.tenant, job.day)
        }
        return registry
    }
}

extension JobContext {
    fileprivate var tenant: TenantContext { .job(jobID, of: tenantID) }
}
