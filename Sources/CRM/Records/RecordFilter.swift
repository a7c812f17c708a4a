public import Foundation
import Postgres

/// A member by which lists of a kind of record can be narrowed.
public struct RecordFilterField: Sendable {
    public enum Value: Sendable {
        /// The id of an object of a kind.
        case identifier(kind: String)
        case choice([String])
    }

    /// Of the member, and of the column.
    public let name: String
    public let value: Value
    public let description: String
    let column: SQL
}

/// Which objects a list of a kind of record shows: all unless it says otherwise.
public struct RecordFilter<Values: RecordValues>: Sendable {
    private var identifiers: [(column: SQL, id: UUID)] = []
    private var choices: [(column: SQL, texts: [String])] = []

    public init() {}

    public mutating func add(_ field: RecordFilterField, _ id: UUID) { identifiers.append((field.column, id)) }

    public mutating func add(_ field: RecordFilterField, _ texts: [String]) { choices.append((field.column, texts)) }

    var condition: SQL {
        let parts =
            identifiers.map { column, id in "AND \(column) = \(id)" as SQL }
            + choices.map { column, texts in "AND \(column) = ANY (\(texts))" as SQL }
        return SQL.joined(parts, by: " ")
    }
}
