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

    /// Unique among the objects of the kind.
    var name: String { get }
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
}

/// Looks for what only the other rows tell, before values are written, and holds off those who would change it.
public struct RecordCheck: Sendable {
    /// Of the object with this id.
    let run: @Sendable (_ id: UUID, _ transaction: inout TenantTransaction) async throws -> Void
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
        /// Of a tree.
        let place: StaticString
        let children: StaticString
    }

    /// With its schema.
    let name: SQL
    /// Those that clients decide.
    let columns: [SQL]
    let statements: Names
    /// The key that keeps names apart.
    let nameKey: String
}

extension RecordValues {
    public func check(after old: Self?) -> RecordCheck? { nil }
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

    public static var orders: [ListOrder<Record>] {
        [.time("created_at", "created_at") { $0.createdAt }, .text("name", "name") { $0.values.name }]
    }
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
