public import Postgres

/// A part of the way that customers go with the business, such as buying or being served; stages have an order.
public typealias JourneyStage = Record<JourneyStageValues>

public struct JourneyStageValues: RecordValues {
    public static let nameRule = TextRule.words(200)
    public static let positions = 1...1000

    public var name: String
    public var position: Int

    public init(name: String, position: Int) {
        self.name = name
        self.position = position
    }

    public static let kind = "journey_stage"
    public static let schemaName = "JourneyStage"
    public static let schemaDescription = "A part of the way that customers go with the business."
    public static let readScope = Scope.journeyRead
    public static let writeScope = Scope.journeyWrite
    public static let example = JourneyStageValues(name: "Delivery", position: 3)

    public static var orders: [ListOrder<JourneyStage>] {
        [.number("position", "position") { $0.values.position }, .text("name", "name") { $0.values.name }]
    }

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        errors.check(position, in: Self.positions, "/position")
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "Its name, which no other stage has.")
        json.member("position", position, "Where it comes on the journey, from 1.")
    }
}

extension JourneyStageValues {
    public static let table = RecordTable(
        name: "crm.journey_stage", columns: ["name", "position"],
        statements: .init(
            find: "journey_stage.find", list: "journey_stage.list", insert: "journey_stage.insert",
            update: "journey_stage.update", remove: "journey_stage.remove", lock: "journey_stage.lock",
            uses: "journey_stage.uses"),
        uniqueKey: .name("journey_stage_name_key"),
        uses: [.init(table: "crm.touchpoint", column: "stage_id", spoken: "touchpoints")])

    public var columns: [SQL] { ["\(name)", "\(position)"] }

    public init(row: inout RowReader) throws {
        name = try row.next()
        position = try row.next()
    }
}
