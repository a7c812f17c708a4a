public import Foundation
import Postgres

/// A member by which lists of a kind of record can be narrowed.
public struct RecordFilterField: Sendable {
    public enum Value: Sendable {
        /// The id of an object of a kind.
        case identifier(kind: String)
        case choice([String])
        case flag
        /// From one time on, and before another.
        case time
    }

    /// Of the member, and of the column.
    public let name: String
    public let value: Value
    public let description: String
    let column: SQL
}

/// Which objects a list of a kind of record shows: all unless it says otherwise.
public struct RecordFilter<Values: RecordValues>: Sendable {
    private var parts: [SQL] = []

    public init() {}

    public mutating func add(_ field: RecordFilterField, _ id: UUID) { parts.append("AND \(field.column) = \(id)") }

    public mutating func add(_ field: RecordFilterField, _ texts: [String]) {
        parts.append("AND \(field.column) = ANY (\(texts))")
    }

    public mutating func add(_ field: RecordFilterField, _ flag: Bool) {
        parts.append(flag ? "AND \(field.column)" : "AND NOT \(field.column)")
    }

    public mutating func add(_ field: RecordFilterField, from start: Date?, until end: Date?) {
        if let start { parts.append("AND \(field.column) >= \(start)") }
        if let end { parts.append("AND \(field.column) < \(end)") }
    }

    var condition: SQL { SQL.joined(parts, by: " ") }
}
