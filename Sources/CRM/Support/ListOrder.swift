public import Foundation
import Postgres

/// An item of a list that is asked for page by page.
public protocol Listed: Sendable {
    /// The orders in which its list can be asked for, the usual one first.
    static var orders: [ListOrder<Self>] { get }
    /// Whether the usual order is the newest first.
    static var isNewestFirst: Bool { get }
    /// Tells items apart that stand at the same place of the order.
    var listID: UUID { get }
}

extension Listed {
    public static var isNewestFirst: Bool { false }
}

extension Listed where Self: Resource {
    public var listID: UUID { id.rawValue }
}

/// What a list goes by: a time, a text or a number, and then the id.
public struct ListOrder<Item: Listed>: Sendable {
    enum Key: Sendable, Equatable {
        case time(Date)
        case text(String)
        case number(Int)
    }

    /// What its keys are.
    enum Form: Sendable { case time, text, number }

    /// What clients call it.
    public let name: String
    let column: SQL
    let form: Form
    let key: @Sendable (Item) -> Key

    static func time(
        _ name: String, _ column: SQL, _ value: @escaping @Sendable (Item) -> Date
    ) -> ListOrder {
        ListOrder(name: name, column: column, form: .time) { .time(value($0)) }
    }

    static func number(
        _ name: String, _ column: SQL, _ value: @escaping @Sendable (Item) -> Int
    ) -> ListOrder {
        ListOrder(name: name, column: column, form: .number) { .number(value($0)) }
    }

    /// As people order texts, in Persian and in Latin letters.
    static func text(
        _ name: String, _ column: SQL, _ value: @escaping @Sendable (Item) -> String
    ) -> ListOrder {
        ListOrder(name: name, column: "\(column) COLLATE \"fa-x-icu\"", form: .text) { .text(value($0)) }
    }
}
