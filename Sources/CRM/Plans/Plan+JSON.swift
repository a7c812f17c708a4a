extension Plan: Resource {
    public static let kind = "plan"
    public static let schemaName = "Plan"
    public static let schemaDescription = "A marketing-mix plan for one segment. Each change writes a new revision."

    public static var example: Plan {
        Plan(
            id: Example.id(), segmentID: Example.id(2), name: "Keep them",
            content: PlanContent(
                elements: .example, objectives: ["NPS above 40"], budget: .example, activities: [.example]),
            revision: 2, version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The plan's id.")
        json.member("segment_id", segmentID, "The segment that it is for.")
        json.member("name", name, "Its name, which no other plan has.")
        json.member("elements", content.elements, "What is offered, in the seven elements of the mix.")
        json.member("objectives", content.objectives, "What is to be reached.")
        json.member("budget", content.budget, "What may be spent.")
        json.member("activities", content.activities, "What is to be done.")
        json.member("revision", revision, "The number of this content among all that the plan has had.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension MarketingMix: JSONObject {
    public static let schemaName = "MarketingMix"
    public static let schemaDescription = "The seven elements of the services marketing mix. (Booms and Bitner, 1981.)"

    public static var example: MarketingMix {
        MarketingMix(
            product: .example, price: .example, place: .example, promotion: .example, people: .example,
            process: .example, physicalEvidence: .example)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("product", product, "What is offered.")
        json.member("price", price, "What it costs, and how it is paid.")
        json.member("place", place, "Where and how it reaches the customer.")
        json.member("promotion", promotion, "How the customer hears of it.")
        json.member("people", people, "Who serves the customer.")
        json.member("process", process, "How the service is carried out.")
        json.member("physical_evidence", physicalEvidence, "What the customer sees and holds.")
    }
}

extension MarketingMix.Element: JSONObject {
    public static let schemaName = "MarketingMixElement"
    public static let schemaDescription = "One element of a marketing mix."
    public static var example: MarketingMix.Element {
        MarketingMix.Element(description: "Signed first editions", actions: ["Ask two publishers"])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("description", description, "What is planned.")
        json.member("actions", actions, "Steps towards it.")
    }
}

extension PlanActivity: JSONObject {
    public static let schemaName = "PlanActivity"
    public static let schemaDescription = "Something that is to be done for a plan."
    public static var example: PlanActivity {
        PlanActivity(title: "Print the letter", department: "marketing", startsOn: Example.day, endsOn: Example.day)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("title", title, "What is to be done.")
        json.member("department", department, "Who does it.")
        json.member("starts_on", startsOn, "The first day.")
        json.member("ends_on", endsOn, "The last day.")
    }
}
