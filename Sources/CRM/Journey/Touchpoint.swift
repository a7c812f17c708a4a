public import Foundation
public import Postgres

/// Where customers meet the business on their journey, such as a delivery or a support call.
public typealias Touchpoint = Record<TouchpointValues>

public struct TouchpointValues: RecordValues {
    public static let nameRule = TextRule.words(200)
    public static let positions = 1...1000

    public var name: String
    public var stageID: UUID
    public var position: Int
    /// Whether what happens here decides what customers think of the business.
    public var isMomentOfTruth: Bool
    /// Who answers for it.
    public var departmentID: UUID?

    public init(
        name: String, stageID: UUID, position: Int, isMomentOfTruth: Bool = false, departmentID: UUID? = nil
    ) {
        self.name = name
        self.stageID = stageID
        self.position = position
        self.isMomentOfTruth = isMomentOfTruth
        self.departmentID = departmentID
    }

    public static let kind = "touchpoint"
    public static let schemaName = "Touchpoint"
    public static let schemaDescription = "Where customers meet the business on their journey."
    public static let readScope = Scope.journeyRead
    public static let writeScope = Scope.journeyWrite
    public static var example: TouchpointValues {
        TouchpointValues(
            name: "The parcel arrives", stageID: Example.uuid, position: 2, isMomentOfTruth: true,
            departmentID: Example.uuid)
    }

    public static var orders: [ListOrder<Touchpoint>] {
        [.number("position", "position") { $0.values.position }, .text("name", "name") { $0.values.name }]
    }

    public static let filters = [
        RecordFilterField(
            name: "stage_id", value: .identifier(kind: JourneyStageValues.kind),
            description: "Only those of this stage.", column: "stage_id"),
        RecordFilterField(
            name: "department_id", value: .identifier(kind: DepartmentValues.kind),
            description: "Only those that this department answers for.", column: "department_id"),
    ]

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        errors.check(position, in: Self.positions, "/position")
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "Its name, which no other touchpoint has.")
        json.member("stage_id", Identifier<JourneyStage>(rawValue: stageID), "The stage of the journey that it is in.")
        json.member("position", position, "Where it comes within its stage, from 1.")
        json.member(
            "is_moment_of_truth", isMomentOfTruth,
            "Whether what happens here decides what customers think of the business.")
        json.member(
            "department_id", departmentID.map { Identifier<Department>(rawValue: $0) },
            "The department that answers for it.")
    }

    public func check(after old: TouchpointValues?) -> RecordCheck? {
        .present(
            [
                ObjectLink(.journeyStage, "/stage_id", from: old?.stageID, to: stageID),
                ObjectLink(.department, "/department_id", from: old?.departmentID, to: departmentID),
            ].compactMap(\.self))
    }
}

extension TouchpointValues {
    public static let table = RecordTable(
        name: "crm.touchpoint", columns: ["name", "stage_id", "position", "is_moment_of_truth", "department_id"],
        statements: .init(
            find: "touchpoint.find", list: "touchpoint.list", insert: "touchpoint.insert",
            update: "touchpoint.update", remove: "touchpoint.remove", lock: "touchpoint.lock", uses: "touchpoint.uses"),
        uniqueKey: .name("touchpoint_name_key"),
        uses: [
            .init(table: "crm.interaction", column: "touchpoint_id", spoken: "interactions"),
            .init(table: "crm.customer_order", column: "touchpoint_id", spoken: "orders"),
            .init(table: "crm.campaign", column: "touchpoint_id", spoken: "campaigns"),
        ])

    public var columns: [SQL] { ["\(name)", "\(stageID)", "\(position)", "\(isMomentOfTruth)", "\(departmentID)"] }

    public init(row: inout RowReader) throws {
        name = try row.next()
        stageID = try row.next()
        position = try row.next()
        isMomentOfTruth = try row.next()
        departmentID = try row.nextIfPresent()
    }
}
