import Postgres

/// The newest migration that the programs were built for.
public enum SchemaVersion {
    /// The number of the newest file in `sql/migrations`; a test holds the two together.
    public static let required = 32

    static let newest = Statement<Int>(
        "schema.newest", "SELECT coalesce(max(number), 0) FROM platform.migration", one: { try $0.next() })

    /// A schema that is behind is refused; one that is ahead is of a newer version that is being rolled out.
    static func verify(_ newest: Int) throws {
        guard newest >= required else { throw StaleSchemaError(found: newest) }
    }
}

/// The database's schema is older than the program.
public struct StaleSchemaError: Error, CustomStringConvertible {
    public let found: Int
    public var description: String {
        "the database is at migration \(found), this program needs \(SchemaVersion.required): run `mehvar migrate`"
    }
}
