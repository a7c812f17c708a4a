import CRM
import HTTPTypes

struct DuplicateOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Duplicates",
        """
        Customers who may be one. Who changed is looked at within seconds, and `/v1/duplicates/scan` looks through all. \
        The score is a sum: the same e-mail address 60, the same reference 60 (without case, spaces and leading zeros; of one \
        system, or of any from eight letters and digits on), the same number 50 (with or without country), birth date 25, a number \
        that differs in one digit 20, names 40 times their likeness where that is half or more. Where names are less than 0.7 \
        alike it is 85 at most; another birth date and another kind take away 40 each. What more than ten customers share counts \
        for none of them. From 50 on a pair waits here to be merged or dismissed; what is dismissed stays so. A merge of many pairs can be undone as a \
        whole for 30 days: `/v1/duplicate-runs/{id}/undo`.
        """)

    let duplicates: DuplicateService

    var operations: [Operation] { ofPairs + ofRuns }

    private var ofPairs: [Operation] {
        let tag = Self.tag
        return [
            .list(
                .at("/v1/duplicates", "list_duplicates", "List customers who may be one", tag, .customersRead),
                by: DuplicateFilter.self
            ) { try await duplicates.list($0.caller, $1, $2) },
            .find(
                .at("/v1/duplicates/{id}", "find_duplicate", "Show two customers who may be one", tag, .customersRead),
                isLive: true, duplicates.find),
            .act(
                .at(
                    "/v1/duplicates/{id}/dismiss", "dismiss_duplicate", "Say that two customers are not one", tag,
                    .customersWrite, problems: [.alreadyDecided]), duplicates.dismiss, replay: duplicates.find),
            .act(
                .at(
                    "/v1/duplicates/{id}/reopen", "reopen_duplicate", "Take back that a pair was dismissed", tag,
                    .customersWrite, problems: [.alreadyDecided]), duplicates.reopen, replay: duplicates.find),
            .act(
                .at(
                    "/v1/duplicates/{id}/merge", "merge_duplicate", "Make the customers of a pair one", tag,
                    .customersWrite, problems: [.alreadyDecided, .otherKind]),
                with: MergedPair.self, { try await duplicates.merge($0, $1, survivor: $2.survivor) },
                replay: duplicates.find),
        ]
    }

    private var ofRuns: [Operation] {
        let tag = Self.tag
        let runs = "/v1/duplicate-runs"
        return [
            .start(
                .at(
                    "/v1/duplicates/scan", "scan_duplicates", "Have all customers looked through for pairs", tag,
                    .customersWrite),
                with: NoBody.self, in: runs, { context, id, _ in try await duplicates.scan(context, id: id) },
                replay: duplicates.findScan),
            .start(
                .at(
                    "/v1/duplicates/merge", "merge_duplicates", "Have many pairs merged", tag, .customersWrite),
                with: MergedPairs.self, in: runs,
                { context, id, body in try await duplicates.merge(context, id: id, body.pairs) },
                replay: duplicates.findRun),
            .start(
                .at(
                    "\(runs)/{id}/undo", "undo_duplicate_run", "Have all merges of a run undone", tag,
                    .customersWrite, problems: [.notUndoable]),
                in: runs, { context, id, run in try await duplicates.undo(context, id: id, run) },
                replay: duplicates.findRun),
            .list(
                .at(
                    runs, "list_duplicate_runs", "List scans, merges of many pairs and what undoes them", tag,
                    .customersRead)
            ) {
                call, page in try await duplicates.listRuns(call.caller, page)
            },
            .find(
                .at(
                    "\(runs)/{id}", "find_duplicate_run",
                    "Show how far a scan, a merge of many pairs or its undoing has come", tag,
                    .customersRead), duplicates.findRun),
        ]
    }
}

extension DuplicateFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        state = query.choice("filter[state]", "Only those in this state; open unless told otherwise.") ?? .open
        minimumScore = query.integer(
            "filter[score][gte]", in: Duplicate.minimumScore...100, "Only those with at least this score.")
        customer = query.filterIdentifier("customer_id", "Only those of this customer, whichever of the two it is.")
    }
}
