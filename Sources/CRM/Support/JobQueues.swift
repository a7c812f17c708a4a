public import JobQueue

/// The queues that the product's own jobs wait in.
public enum JobQueues {
    /// Sorted; a test holds them together with what the worker has handlers for.
    public static let all: [String] = Set([
        EvaluateSegment.queue, RefreshSegments.queue, RefreshCustomers.queue, PlanCampaign.queue, FinishCampaign.queue,
        SendInvitations.queue, EraseTenant.queue, RunImport.queue,
        MailLink.queue, RecomputeScores.queue, FindDuplicates.queue, ScanDuplicates.queue, MergeDuplicates.queue,
        UndoMerges.queue,
    ]).sorted()

    /// The slots of queues where nobody says otherwise.
    public static let slots = [RefreshSegments.queue: RefreshSegments.slots, RunImport.queue: RunImport.slots]
}
