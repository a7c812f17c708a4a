import CRM
import Hummingbird

struct SegmentRoutes {
    let segments: SegmentService

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.post("/segments") { request, context in
            let new = try await BodyReader.read(request) { reader in
                NewSegment(
                    name: reader.requiredText("name"), kind: reader.requiredChoice("kind", else: .manual),
                    rule: reader.node("rule"))
            }
            let segment = try await segments.create(context.tenant, new)
            return try Reply.created(segment, version: segment.version, at: "/v1/segments/\(segment.id)")
        }
        group.get("/segments") { request, context in
            try Reply.page(try await segments.list(context.tenant, ListQuery(request).page))
        }
        group.get("/segments/:id") { _, context in
            let segment = try await segments.find(context.tenant, context.identifier("segment"))
            return try Reply.object(segment, version: segment.version)
        }
        group.get("/segments/:id/members") { request, context in
            try Reply.page(
                try await segments.members(
                    context.tenant, of: context.identifier("segment"), ListQuery(request).page))
        }
        group.post("/segments/:id/members") { request, context in
            let customers: [Customer.ID] = try await BodyReader.read(request) { reader in
                reader.identifiers("customer_ids") ?? reader.missing("customer_ids", [])
            }
            let segment = try await segments.add(context.tenant, customers, to: context.identifier("segment"))
            return try Reply.object(segment, version: segment.version)
        }
        group.post("/segments/:id/evaluate") { _, context in
            let segment = try await segments.requestEvaluation(context.tenant, context.identifier("segment"))
            return try Reply.object(segment, version: segment.version, status: .accepted)
        }
    }
}
