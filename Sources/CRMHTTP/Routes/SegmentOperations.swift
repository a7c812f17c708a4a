import CRM
import HTTPTypes

struct SegmentOperations: OperationGroup {
    private static let tag = Operation.Tag("Segments", "Named sets of customers, listed by hand or found by a rule.")

    let segments: SegmentService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at("/v1/segments", "create_segment", "Add a segment", tag, .segmentsWrite, problems: [.nameTaken]),
                from: NewSegment.self,
                { try await segments.create($0, id: $1, $2) }, replay: segments.find),
            .list(.at("/v1/segments", "list_segments", "List segments", tag, .segmentsRead)) { call, page in
                try await segments.list(call.caller, page)
            },
            .find(.at("/v1/segments/{id}", "find_segment", "Show a segment", tag, .segmentsRead), segments.find),
            .list(
                .at(
                    "/v1/segments/{id}/members", "list_segment_members", "List who is in a segment", tag, .customersRead
                ),
                of: Segment.self
            ) { call, page in
                try await segments.members(call.caller, of: call.identifier(), page)
            },
            .act(
                .at(
                    "/v1/segments/{id}/members", "add_segment_members", "Put customers into a manual segment", tag,
                    .segmentsWrite, problems: [.ruleSegment]),
                with: NewMembers.self, { try await segments.add($0, $2.customers, to: $1) }, replay: segments.find),
            .act(
                .at(
                    "/v1/segments/{id}/evaluate", "evaluate_segment", "Have a segment's rule evaluated anew", tag,
                    .segmentsWrite),
                status: .accepted, segments.requestEvaluation, replay: segments.find),
        ]
    }
}
