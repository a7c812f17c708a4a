public import Foundation
public import Postgres

/// A part of the business that deals with customers: sales, service, finance; a tree.
public typealias Department = Record<DepartmentValues>

public struct DepartmentValues: TreeValues, NamedValues {
    public static let nameRule = TextRule.words(200)

    public var parentID: UUID?
    public var name: String

    public init(name: String, parentID: UUID? = nil) {
        self.name = name
        self.parentID = parentID
    }

    public static let kind = "department"
    public static let schemaName = "Department"
    public static let schemaDescription = "A part of the business that deals with customers, such as sales or service."
    public static let readScope = Scope.departmentsRead
    public static let writeScope = Scope.departmentsWrite
    public static var example: DepartmentValues { DepartmentValues(name: "Service", parentID: Example.uuid) }

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member(
            "parent_id", parentID.map { Identifier<Department>(rawValue: $0) },
            "The department that it belongs to; null at the top.")
        json.member("name", name, "Its name, which no other department has.")
    }
}

extension DepartmentValues {
    public static let table = RecordTable(
        name: "crm.department", columns: ["parent_id", "name"],
        statements: .init(
            find: "department.find", list: "department.list", insert: "department.insert",
            update: "department.update", remove: "department.remove", lock: "department.lock", uses: "department.uses"),
        uniqueKey: .name("department_name_key"),
        uses: [
            .init(table: "crm.department", column: "parent_id", spoken: "departments below it"),
            .init(table: "crm.touchpoint", column: "department_id", spoken: "touchpoints"),
            .init(table: "crm.interaction", column: "department_id", spoken: "interactions"),
            .init(table: "crm.customer_order", column: "department_id", spoken: "orders"),
        ])
    public static let tree = TreeLink.parent("department.place")
    public static let filters = [
        RecordFilterField(
            name: "parent_id", value: .identifier(kind: kind), description: "Only those right below this one.",
            column: "parent_id")
    ]

    public var columns: [SQL] { ["\(parentID)", "\(name)"] }

    public init(row: inout RowReader) throws {
        parentID = try row.nextIfPresent()
        name = try row.next()
    }
}
