import CRM

extension NewPlan: JSONBody {
    static let schemaName = "NewPlan"
    static let schemaDescription = "The values of a new plan; all seven elements are named."
    static let example = """
        {"name": "Keep them", "segment_id": "019aab50-c4c0-7000-8000-000000000002", "elements": {
         "product": {"description": "Signed first editions", "actions": ["Ask two publishers"]},
         "price": {"description": "The third book at half price"}, "place": {"description": "The shop and the web"},
         "promotion": {"description": "One letter a month"}, "people": {"description": "Somebody who has read it"},
         "process": {"description": "Posted the same day"}, "physical_evidence": {"description": "Paper, not plastic"}},
         "objectives": ["NPS above 40"], "budget": {"amount": "1500.00", "currency": "GBP"},
         "activities": [{"title": "Print the letter", "department": "marketing", "starts_on": "2026-12-01"}]}
        """

    init(_ reader: inout BodyReader) {
        let none = MarketingMix.Element(description: "")
        self.init(
            name: reader.requiredText("name", PlanRules.name, "A name that no other plan has."),
            segmentID: reader.requiredIdentifier("segment_id", "The segment that it is for."),
            content: PlanContent(
                elements: reader.requiredObject(
                    "elements", "What is offered, in the seven elements of the mix.",
                    else: MarketingMix(
                        product: none, price: none, place: none, promotion: none, people: none, process: none,
                        physicalEvidence: none)
                ) { reader in
                    func element(_ name: String, _ description: String) -> MarketingMix.Element {
                        reader.requiredObject(name, description, else: none) { $0.element() }
                    }
                    return MarketingMix(
                        product: element("product", "What is offered."),
                        price: element("price", "What it costs, and how it is paid."),
                        place: element("place", "Where and how it reaches the customer."),
                        promotion: element("promotion", "How the customer hears of it."),
                        people: element("people", "Who serves the customer."),
                        process: element("process", "How the service is carried out."),
                        physicalEvidence: element("physical_evidence", "What the customer sees and holds."))
                },
                objectives: reader.objectives() ?? [],
                budget: reader.object("budget", "What may be spent.") { $0.money() },
                activities: reader.activities() ?? []))
    }
}

/// What a merge patch of a plan changes: whole elements, lists and the budget are replaced.
struct PlanChanges: PatchBody {
    static let schemaName = "PlanChanges"
    static let schemaDescription =
        "What a merge patch changes of a plan: an element, a list or the budget is replaced whole."
    static let example = #"{"elements": {"price": {"description": "The second book at half price"}}, "budget": null}"#

    var name: String?
    var elements: [(path: MarketingMix.Member, element: MarketingMix.Element)]
    var objectives: [String]?
    var budget: Money??
    var activities: [PlanActivity]?

    init(_ reader: inout BodyReader) {
        name = reader.text("name", PlanRules.name, "A name that no other plan has.")
        elements =
            reader.object("elements", "The elements that change.", for: .patch) { reader in
                MarketingMix.members.compactMap { name, path in
                    reader.object(name, "The element as it is to be.") { $0.element() }.map { (path, $0) }
                }
            } ?? []
        objectives = reader.objectives()
        budget = reader.removableObject("budget", "What may be spent.") { $0.money() }
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
    typealias Member = any WritableKeyPath<MarketingMix, Element> & Sendable

    fileprivate static var members: [(String, Member)] {
        [
            ("product", \.product), ("price", \.price), ("place", \.place), ("promotion", \.promotion),
            ("people", \.people), ("process", \.process), ("physical_evidence", \.physicalEvidence),
        ]
    }
}

extension BodyReader {
    fileprivate mutating func element() -> MarketingMix.Element {
        MarketingMix.Element(
            description: requiredText("description", PlanRules.description, "What is planned."),
            actions: texts("actions", PlanRules.action, atMost: PlanRules.maximumActions, "Steps towards it.") ?? [])
    }

    mutating func money() -> Money {
        Money(
            amount: amount("amount", "The amount in digits."),
            currency: requiredText("currency", .currency, "ISO 4217 code."))
    }

    fileprivate mutating func objectives() -> [String]? {
        texts("objectives", PlanRules.objective, atMost: PlanRules.maximumObjectives, "What is to be reached.")
    }

    fileprivate mutating func activities() -> [PlanActivity]? {
        objects("activities", count: 0...PlanRules.maximumActivities, "What is to be done.") { reader in
            PlanActivity(
                title: reader.requiredText("title", PlanRules.title, "What is to be done."),
                department: reader.text("department", PlanRules.department, "Who does it."),
                startsOn: reader.day("starts_on", "The first day."), endsOn: reader.day("ends_on", "The last day."))
        }
    }
}
