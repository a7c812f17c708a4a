import CRM
import HTTPTypes

struct SegmentOperations: OperationGroup {
    private static let tag = Operation.Tag("Segments", SegmentText.chapter)

    let segments: SegmentService
    let members: SegmentMembers
    let values: ValueService

    var operations: [Operation] { ofSegments + ofMembers + ofValues }

    private var ofSegments: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/v1/segments", "create_segment", "Add a segment", tag, .segmentsWrite,
                    problems: [.nameTaken, .tooManyRules]),
                from: NewRecord<SegmentValues>.self,
                { try await segments.create($0, id: $1, $2.values) }, replay: segments.find),
            .list(.at("/v1/segments", "list_segments", "List segments", tag, .segmentsRead)) { call, page in
                try await segments.list(call.caller, page)
            },
            .perform(
                .at("/v1/segments/preview", "preview_segment", "Ask whom a rule describes", tag, .segmentsWrite),
                with: PreviewedRule.self
            ) { try await segments.preview($0, $1.rule) },
            .find(
                .at("/v1/segments/{id}", "find_segment", "Show a segment", tag, .segmentsRead), isLive: true,
                segments.find),
            .change(
                .at(
                    "/v1/segments/{id}", "change_segment", "Change a segment", tag, .segmentsWrite,
                    problems: [.nameTaken, .tooManyRules]),
                by: RecordChanges<SegmentValues>.self
            ) { context, id, version, changes in
                try await segments.update(context, id, ifVersion: version) { try changes.apply(to: $0) }
            },
            .remove(
                .at(
                    "/v1/segments/{id}", "remove_segment", "Remove a segment that nothing refers to", tag,
                    .segmentsWrite, problems: [.inUse]), segments.remove),
            .act(
                .at(
                    "/v1/segments/{id}/evaluate", "evaluate_segment", "Have a segment's rule evaluated anew", tag,
                    .segmentsWrite),
                status: .accepted, segments.requestEvaluation, replay: segments.find),
            Operation(
                .get,
                .at(
                    "/v1/segment-templates", "list_segment_templates", "List rules that are ready to be used", tag,
                    .segmentsRead), success: .page(of: SegmentTemplate.self)
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                return Reply.page(Page(items: SegmentTemplate.all))
            },
        ]
    }

    private var ofMembers: [Operation] {
        let tag = Self.tag
        return [
            .list(
                .at(
                    "/v1/segments/{id}/members", "list_segment_members", "List who is in a segment", tag, .customersRead
                ),
                of: Segment.self
            ) { call, page in
                try await members.list(call.caller, of: call.identifier(), page)
            },
            .act(
                .at(
                    "/v1/segments/{id}/members", "add_segment_members", "Put customers into a manual segment", tag,
                    .segmentsWrite, problems: [.ruleSegment]),
                with: NewMembers.self, { try await members.add($0, $2.customers, to: $1) }, replay: segments.find),
            Operation(
                .get,
                .at(
                    "/v1/segments/{id}/members/{customer_id}", "explain_segment_member",
                    "Ask why a customer is in a segment, or is not", tag, .customersRead),
                parameters: [.identifier(Segment.self), .customer],
                success: .value(SegmentExplanation.self, SegmentExplanation.schemaDescription), problems: [.notFound]
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                return Reply.value(
                    try await members.explain(
                        call.caller, call.identifier(named: "customer_id"), in: call.identifier()))
            },
            Operation(
                .delete,
                .at(
                    "/v1/segments/{id}/members/{customer_id}", "remove_segment_member",
                    "Take a customer out of a manual segment", tag, .segmentsWrite, problems: [.ruleSegment]),
                parameters: [.identifier(Segment.self), .customer], success: .done("It is done."),
                problems: [.notFound]
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                try await members.remove(
                    call.caller, call.identifier(named: "customer_id"), from: call.identifier())
                return Reply.done
            },
            .list(
                .at(
                    "/v1/segments/{id}/changes", "list_segment_changes", "List who came into a segment and who left it",
                    tag, .customersRead), of: Segment.self
            ) { call, page in try await members.changes(call.caller, of: call.identifier(), page) },
            .list(
                .at(
                    "/v1/customers/{id}/segments", "list_customer_segments",
                    "List the segments that a customer is in, and was in", tag, .customersRead), of: Customer.self
            ) { call, page in try await members.stays(call.caller, of: call.identifier(), page) },
        ]
    }

    private var ofValues: [Operation] {
        [
            Operation(
                .get,
                .at(
                    "/v1/customer-values", "show_customer_values", "Show who brings how much of the revenue", Self.tag,
                    .ordersRead), success: .value(ValueReport.self, ValueReport.schemaDescription)
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                return Reply.value(try await values.report(call.caller))
            }
        ]
    }
}

extension Parameter {
    fileprivate static let customer = Parameter(
        .path, "customer_id", .identifier(of: Customer.kind), "The customer's id.")
}
