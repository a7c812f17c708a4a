import CRM
import Foundation
import Hummingbird

struct PlanRoutes {
    let plans: PlanService

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.post("/plans") { request, context in
            let (name, segment, content) = try await BodyReader.read(request) { reader in
                (
                    reader.requiredText("name"), reader.requiredIdentifier("segment_id") as Segment.ID,
                    PlanContent(&reader)
                )
            }
            let plan = try await plans.create(context.tenant, name: name, segment: segment, content)
            return try Reply.created(plan, version: plan.version, at: "/v1/plans/\(plan.id)")
        }
        group.get("/plans") { request, context in
            let query = try ListQuery(request, filters: ["segment_id"])
            return try Reply.page(
                try await plans.list(context.tenant, segment: query.identifier("segment_id"), query.page))
        }
        group.get("/plans/:id") { _, context in
            let plan = try await plans.find(context.tenant, context.identifier("plan"))
            return try Reply.object(plan, version: plan.version)
        }
        group.patch("/plans/:id") { request, context in
            let changes = try await BodyReader.readPatch(request) { PlanChanges(&$0) }
            let plan = try await plans.revise(
                context.tenant, context.identifier("plan"), ifVersion: request.expectedVersion()
            ) { old in changes.apply(to: old) }
            return try Reply.object(plan, version: plan.version)
        }
    }
}

/// What a merge patch of a plan changes: whole elements, lists and the budget are replaced.
private struct PlanChanges: Sendable {
    var name: String?
    var elements: [(path: MarketingMix.Member, element: MarketingMix.Element)]
    var objectives: [String]?
    var budget: Money??
    var activities: [PlanActivity]?

    init(_ reader: inout BodyReader) {
        name = reader.text("name")
        elements =
            reader.object("elements") { reader in
                MarketingMix.members.compactMap { name, path in reader.element(name).map { (path, $0) } }
            } ?? []
        objectives = reader.texts("objectives")
        let money = reader.money("budget")
        budget = reader.isNull("budget") ? .some(nil) : money.map { .some($0) }
        activities = reader.activities()
    }

    func apply(to plan: Plan) -> (name: String, content: PlanContent) {
        var content = plan.content
        for (path, element) in elements { content.elements[keyPath: path] = element }
        if let objectives { content.objectives = objectives }
        if let budget { content.budget = budget }
        if let activities { content.activities = activities }
        return (name ?? plan.name, content)
    }
}

extension MarketingMix {
    fileprivate typealias Member = WritableKeyPath<MarketingMix, Element> & Sendable

    fileprivate static var members: [(String, Member)] {
        [
            ("product", \.product), ("price", \.price), ("place", \.place), ("promotion", \.promotion),
            ("people", \.people), ("process", \.process), ("physical_evidence", \.physicalEvidence),
        ]
    }
}

extension PlanContent {
    fileprivate init(_ reader: inout BodyReader) {
        let none = MarketingMix.Element(description: "")
        let mix = reader.object("elements") { reader in
            func element(_ name: String) -> MarketingMix.Element { reader.element(name) ?? reader.missing(name, none) }
            return MarketingMix(
                product: element("product"), price: element("price"), place: element("place"),
                promotion: element("promotion"), people: element("people"), process: element("process"),
                physicalEvidence: element("physical_evidence"))
        }
        self.init(
            elements: mix
                ?? reader.missing(
                    "elements",
                    MarketingMix(
                        product: none, price: none, place: none, promotion: none, people: none, process: none,
                        physicalEvidence: none)),
            objectives: reader.texts("objectives") ?? [], budget: reader.money("budget"),
            activities: reader.activities() ?? [])
    }
}

extension BodyReader {
    fileprivate mutating func element(_ name: String) -> MarketingMix.Element? {
        object(name) { reader in
            MarketingMix.Element(
                description: reader.requiredText("description"), actions: reader.texts("actions") ?? [])
        }
    }

    fileprivate mutating func money(_ name: String) -> Money? {
        object(name) { reader in
            Money(
                amount: reader.amount("amount") ?? reader.missing("amount", 0),
                currency: reader.requiredText("currency"))
        }
    }

    fileprivate mutating func activities() -> [PlanActivity]? {
        objects("activities") { reader in
            PlanActivity(
                title: reader.requiredText("title"), department: reader.text("department"),
                startsOn: reader.day("starts_on"), endsOn: reader.day("ends_on"))
        }
    }
}
