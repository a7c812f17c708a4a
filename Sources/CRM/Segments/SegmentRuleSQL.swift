import Foundation
import Postgres

/// A rule as one SQL condition over `c`, the customer, and `o`, the sums of the customer's orders.
extension SegmentRule {
    var sql: SQL { Self.sql(condition) }

    private static func sql(_ condition: Condition) -> SQL {
        switch condition {
        case .all(let parts): "(\(SQL.joined(parts.map(sql), by: " AND ")))"
        case .any(let parts): "(\(SQL.joined(parts.map(sql), by: " OR ")))"
        case .not(let part): "NOT \(sql(part))"
        case .comparison(let field, let comparator, let operand): sql(field, comparator, operand)
        }
    }

    /// Every comparison is true or false, never unknown, so that `not` means what it says.
    private static func sql(_ field: Field, _ comparator: Operator, _ operand: Operand) -> SQL {
        let column: SQL =
            switch field {
            case .stage: "c.stage"
            case .kind: "c.kind"
            case .language: "c.language"
            case .orderCount: "coalesce(o.count, 0)"
            case .orderAmount: "coalesce(o.amount, 0)"
            case .lastOrderedOn: "coalesce(o.last_on, '-infinity')"
            }
        let value: SQL =
            switch operand {
            case .text(let text): "\(text)"
            case .texts(let texts): "ANY (\(texts))"
            case .number(let number): "\(number)"
            case .day(let day): "\(day)"
            }
        return switch comparator {
        case .eq, .in: "\(column) = \(value)"
        case .ne: "\(column) <> \(value)"
        case .gte: "\(column) >= \(value)"
        case .lte: "\(column) <= \(value)"
        case .gt: "\(column) > \(value)"
        case .lt: "\(column) < \(value)"
        }
    }
}
