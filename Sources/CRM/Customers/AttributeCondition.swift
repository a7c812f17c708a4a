import Foundation
import Postgres

/// How an attribute of the business's own is compared: JSON, of which nobody knows what it is before it is looked at. Never unknown.
enum AttributeCondition {
    /// How days are written.
    static let day = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

    /// - Parameter sign: such as `>`.
    static func number(_ value: SQL, _ sign: SQL, _ number: Decimal) -> SQL {
        when(value, is: "number", "\(text(value))::numeric \(sign) \(number)::numeric")
    }

    /// Days that are written as texts are in the order of the texts.
    static func day(_ value: SQL, _ sign: SQL, _ day: LocalDate) -> SQL {
        when(
            value, is: "string",
            "\(text(value)) ~ \(Self.day) AND \(text(value)) COLLATE \"C\" \(sign) \(day.description)")
    }

    static func text(_ value: SQL) -> SQL { "(\(value) #>> '{}')" }

    /// Whatever order the parts of a condition are looked at in, a text is never read as a number.
    static func when(_ value: SQL, is kind: String, _ condition: SQL) -> SQL {
        "CASE WHEN jsonb_typeof(\(value)) = \(kind) THEN \(condition) ELSE false END"
    }
}
