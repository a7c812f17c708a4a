import CRM

struct PlanOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Plans", "Marketing-mix plans: what is offered to a segment, in seven elements.")

    let plans: PlanService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at("/v1/plans", "create_plan", "Add a plan", tag, .plansWrite, problems: [.nameTaken]),
                from: NewPlan.self,
                { try await plans.create($0, id: $1, $2) }, replay: plans.find),
            .list(.at("/v1/plans", "list_plans", "List plans", tag, .plansRead), by: OfSegment.self) {
                call, filter, page in
                try await plans.list(call.caller, segment: filter.segment, page)
            },
            .find(.at("/v1/plans/{id}", "find_plan", "Show a plan", tag, .plansRead), plans.find),
            .change(
                .at(
                    "/v1/plans/{id}", "change_plan", "Write a plan's next revision", tag, .plansWrite,
                    problems: [.nameTaken]),
                by: PlanChanges.self
            ) { context, id, version, changes in
                try await plans.revise(context, id, ifVersion: version) { changes.apply(to: $0) }
            },
        ]
    }
}

/// Plans of one segment, or of all.
private struct OfSegment: ListFilter {
    let segment: Segment.ID?

    init(_ query: inout QueryReader) {
        segment = query.filterIdentifier("segment_id", "Only plans for this segment.")
    }
}
