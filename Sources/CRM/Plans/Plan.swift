public import Foundation
public import Postgres

/// A marketing-mix plan for one segment: what is offered to whom, in seven elements. Each change is a new revision.
public struct Plan: Sendable {
    public typealias ID = Identifier<Plan>

    public let id: ID
    public let segmentID: Segment.ID
    public internal(set) var name: String
    public internal(set) var content: PlanContent
    public let revision: Int
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// The values of a new plan.
public struct NewPlan: Sendable {
    public var name: String
    public var segmentID: Segment.ID
    public var content: PlanContent

    public init(name: String, segmentID: Segment.ID, content: PlanContent) {
        self.name = name
        self.segmentID = segmentID
        self.content = content
    }

    /// Everything that is not allowed.
    public var faults: [FieldError] { PlanRules.faults(name: name, content) }
}

/// What one revision of a plan says.
public struct PlanContent: Sendable {
    public var elements: MarketingMix
    public var objectives: [String]
    public var budget: Money?
    public var activities: [PlanActivity]

    public init(
        elements: MarketingMix, objectives: [String] = [], budget: Money? = nil, activities: [PlanActivity] = []
    ) {
        self.elements = elements
        self.objectives = objectives
        self.budget = budget
        self.activities = activities
    }
}

/// The seven elements of the services marketing mix. (Booms and Bitner, 1981.)
public struct MarketingMix: Sendable, Codable, Equatable {
    public struct Element: Sendable, Codable, Equatable {
        public var description: String
        public var actions: [String]

        public init(description: String, actions: [String] = []) {
            self.description = description
            self.actions = actions
        }
    }

    public var product, price, place, promotion, people, process, physicalEvidence: Element

    public init(
        product: Element, price: Element, place: Element, promotion: Element, people: Element, process: Element,
        physicalEvidence: Element
    ) {
        self.product = product
        self.price = price
        self.place = place
        self.promotion = promotion
        self.people = people
        self.process = process
        self.physicalEvidence = physicalEvidence
    }

    /// The elements by their names in JSON, in the order of the seven P.
    var named: [(name: String, element: Element)] {
        [
            ("product", product), ("price", price), ("place", place), ("promotion", promotion), ("people", people),
            ("process", process), ("physical_evidence", physicalEvidence),
        ]
    }
}

/// Something that is to be done for a plan.
public struct PlanActivity: Sendable, Codable, Equatable {
    public var title: String
    public var department: String?
    public var startsOn: LocalDate?
    public var endsOn: LocalDate?

    public init(title: String, department: String? = nil, startsOn: LocalDate? = nil, endsOn: LocalDate? = nil) {
        self.title = title
        self.department = department
        self.startsOn = startsOn
        self.endsOn = endsOn
    }
}

extension Plan {
    /// A plan as it is added.
    init(_ id: ID, _ new: NewPlan) {
        self.init(
            id: id, segmentID: new.segmentID, name: new.name, content: new.content, revision: 1, version: 1,
            createdAt: Date(), updatedAt: Date())
    }
}
