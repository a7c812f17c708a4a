public import CRM
public import JobQueue
import Logging
public import Mail

/// What the worker does for each kind of job.
public struct JobHandlers: Sendable {
    private let database: Database
    private let tenants: TenantService
    private let sender: InvitationSender
    private let mailer: MemberMailer

    /// - Parameter publicURL: where the response pages are reached.
    public init(
        database: Database, platform: PlatformDatabase, transport: any MailTransport, publicURL: String
    ) {
        self.database = database
        tenants = TenantService(database: platform)
        sender = InvitationSender(database: database, transport: transport, publicURL: publicURL)
        mailer = MemberMailer(database: database, transport: transport, publicURL: publicURL)
    }

    public func registry() -> HandlerRegistry {
        var registry = HandlerRegistry()
        let segments = SegmentEvaluator(database: database)
        let planner = CampaignPlanner(database: database)
        let scores = ScoreService(database: database)
        let imports = ImportService(database: database)
        let runner = ImportRunner(database: database)
        registry.register(EvaluateSegment.self) { job, context in
            try await whenFree { try await segments.evaluate(context.tenant, job.segmentID) }
        }
        registry.register(RefreshSegments.self) { _, context in
            try await whenFree { try await segments.refresh(context.tenant) }
            try await imports.forgetOld(context.tenant)
        }
        registry.register(RunImport.self) { job, context in
            do {
                try await runner.run(
                    context.tenant, job.importID, isSliced: true, isLastAttempt: context.isLastAttempt)
            } catch is ImportRunner.Busy {
                throw JobError.snooze(.seconds(5))
            }
        }
        registry.register(RefreshCustomers.self) { _, context in
            try await whenFree { try await segments.refreshNoted(context.tenant) }
        }
        registerDuplicates(&registry)
        registry.register(PlanCampaign.self) { job, context in
            try await whenFree { try await planner.plan(context.tenant, job.campaignID) }
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
        registry.register(EraseTenant.self) { [tenants] job, _ in
            if let wait = try await tenants.erase(job.tenantID) { throw JobError.snooze(wait) }
        }
        registry.register(MailLink.self) { [mailer] job, context in
            do {
                if try await !mailer.send(context.tenant, job, id: context.jobID) {
                    context.logger.info("no mail to a member", metadata: ["purpose": "\(job.purpose.rawValue)"])
                }
            } catch let error as MailError where error.kind == .temporary {
                context.logger.warning("a member's mail waits", metadata: ["reason": "\(error)"])
                throw JobError.snooze(.seconds(15))
            } catch let error as MailError where error.kind == .permanent {
                throw JobError.permanent(error.description)
            }
        }
        registry.register(RecomputeScores.self) { job, context in
            try await scores.recompute(context.tenant, job.day)
        }
        return registry
    }

    /// What takes long leaves its slot to others now and then.
    private func registerDuplicates(_ registry: inout HandlerRegistry) {
        let finder = DuplicateFinder(database: database)
        let merger = DuplicateMerger(database: database)
        @Sendable func goOn(
            _ context: JobContext, _ run: DuplicateRun.ID, _ work: () async throws -> Bool
        ) async throws {
            let isDone: Bool
            do { isDone = try await work() } catch let error where !(error is CancellationError) {
                try await finder.fail(context.tenant, run, error)
                throw error
            }
            if !isDone { throw JobError.snooze(.milliseconds(10)) }
        }
        @Sendable func takeSteps(_ context: JobContext, _ run: DuplicateRun.ID) async throws -> Bool {
            func note(_ error: any Error) {
                context.logger.warning(
                    "a merge that failed at each attempt is passed over",
                    metadata: ["run": "\(run)", "reason": "\(error)"])
            }
            return try await merger.goOn(context.tenant, run, skipping: context.isLastAttempt ? note : nil)
        }
        registry.register(FindDuplicates.self) { _, context in try await finder.findNoted(context.tenant) }
        registry.register(ScanDuplicates.self) { job, context in
            try await goOn(context, job.runID) { try await finder.scan(context.tenant, job.runID) }
        }
        registry.register(MergeDuplicates.self) { job, context in
            try await goOn(context, job.runID) { try await takeSteps(context, job.runID) }
        }
        registry.register(UndoMerges.self) { job, context in
            try await goOn(context, job.runID) { try await takeSteps(context, job.runID) }
        }
    }
}

/// Leaves the slot to others while somebody evaluates for the tenant.
private func whenFree(_ body: () async throws -> Void) async throws {
    do { try await body() } catch is SegmentEvaluator.Busy { throw JobError.snooze(.milliseconds(300)) }
}

extension JobContext {
    fileprivate var tenant: TenantContext { .job(jobID, of: tenantID) }
}
