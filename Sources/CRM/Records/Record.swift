public import Foundation
public import Postgres

/// An object that is a row of one table, and all of whose values clients decide: added, read, listed, changed and removed
/// alike.
public struct Record<Values: RecordValues>: Sendable {
    public typealias ID = Identifier<Record>

    public let id: ID
    public let values: Values
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// What clients decide of a ``Record``, and how its table keeps it.
public protocol RecordValues: Sendable {
    /// What errors and the audit log call the object, such as `market`.
    static var kind: String { get }
    static var schemaName: String { get }
    static var schemaDescription: String { get }
    static var example: Self { get }
    static var readScope: Scope { get }
    static var writeScope: Scope { get }
    static var table: RecordTable { get }

    /// The orders of lists, the usual one first.
    static var orders: [ListOrder<Record<Self>>] { get }
    /// What lists can be narrowed to.
    static var filters: [RecordFilterField] { get }

    /// Whether lists usually begin with the newest.
    static var isNewestFirst: Bool { get }

    /// Everything that is not allowed.
    var faults: [FieldError] { get }
    /// The values as they are written, in the order of the table's columns.
    var columns: [SQL] { get }

    /// Tells the members that clients decide.
    func members(_ json: inout JSONWriter)
    /// Reads the table's columns in their order.
    init(row: inout RowReader) throws
    /// What only the other rows tell; `nil` when there is nothing to look for.
    ///
    /// - Parameter old: the values that stand there; `nil` for a new object.
    func check(after old: Self?) -> RecordCheck?
    /// The customers with whom it happened, who are looked after when it is added, changed or removed.
    var concerned: [UUID] { get }
    /// Whether a change of the object changes what rules find of any customer.
    func movesCustomers(after old: Self) -> Bool
    /// Holds off others who change what stands where among the tenant's objects of the kind; `nil` when nobody needs to be.
    static func holdingOff(_ tenant: Tenant.ID) -> Statement<Void>?
}

/// Looks for what only the other rows tell, before values are written, and holds off those who would change it.
public struct RecordCheck: Sendable {
    /// Of the object with this id.
    let run: @Sendable (_ id: UUID, _ transaction: inout TenantTransaction) async throws -> Void

    /// That the objects are there which others are linked to.
    static func present(_ links: [ObjectLink]) -> RecordCheck? {
        links.isEmpty ? nil : RecordCheck { _, transaction in try await transaction.require(links) }
    }
}

/// The table of one kind of ``Record``, with `name` and the columns that every object has.
public struct RecordTable: Sendable {
    /// What the statements are called.
    public struct Names: Sendable {
        let find: StaticString
        let list: StaticString
        let insert: StaticString
        let update: StaticString
        let remove: StaticString
        let lock: StaticString
        let uses: StaticString
    }

    /// The column of a table, this one or another, that holds the id of an object.
    struct Use: Sendable {
        let table: SQL
        let column: SQL
        /// What people call the rows, in the plural.
        let spoken: String
        /// Of a row `u` that counts.
        var condition: SQL = "u.deleted_at IS NULL"
    }

    /// What no two objects of the kind have in common.
    struct UniqueKey: Sendable {
        let constraint: String
        /// Of the problem that tells of it.
        let code: String
        let member: String

        static func name(_ constraint: String) -> UniqueKey {
            UniqueKey(constraint: constraint, code: "name_taken", member: "name")
        }
    }

    /// With its schema.
    let name: SQL
    /// Those that clients decide.
    let columns: [SQL]
    let statements: Names
    var uniqueKey: UniqueKey?
    /// What keeps an object from being removed.
    var uses: [Use] = []
}

/// Values of objects that people know by their names.
public protocol NamedValues: RecordValues {
    var name: String { get }
}

extension NamedValues {
    public static var orders: [ListOrder<Record<Self>>] {
        [.time("created_at", "created_at") { $0.createdAt }, .text("name", "name") { $0.values.name }]
    }
}

extension RecordValues {
    public static var isNewestFirst: Bool { false }
    public static var filters: [RecordFilterField] { [] }

    public func check(after old: Self?) -> RecordCheck? { nil }
    public var concerned: [UUID] { [] }
    public func movesCustomers(after old: Self) -> Bool { false }
    public static func holdingOff(_ tenant: Tenant.ID) -> Statement<Void>? { nil }

    /// The problem of an object that has something in common with another one which no two may; `nil` where there is none.
    public static var takenCode: String? { table.uniqueKey?.code }

    /// The kind as people say it.
    public static var spoken: String { kind.replacing("_", with: " ") }
}

extension Record: Resource, JSONObject, Listed {
    public static var kind: String { Values.kind }
    public static var schemaName: String { Values.schemaName }
    public static var schemaDescription: String { Values.schemaDescription }
    public static var example: Record {
        Record(
            id: Example.id(), values: .example, version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "Its id.")
        values.members(&json)
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }

    public static var orders: [ListOrder<Record>] { Values.orders }
    public static var isNewestFirst: Bool { Values.isNewestFirst }
}

extension Record {
    init(row: inout RowReader) throws {
        // What every object has comes first.
        let (id, version, createdAt, updatedAt): (ID, Int, Date, Date) = (
            try row.next(), try row.next(), try row.next(), try row.next()
        )
        self.init(
            id: id, values: try Values(row: &row), version: version, createdAt: createdAt, updatedAt: updatedAt)
    }

    /// As it is added.
    init(_ id: ID, _ values: Values) {
        self.init(id: id, values: values, version: 1, createdAt: Date(), updatedAt: Date())
    }
}
