import Foundation
import Postgres

/// One page of a list, and the cursor of the next one; `nil` at the end.
public struct Page<Item: Sendable>: Sendable {
    public let items: [Item]
    public let nextCursor: String?

    public init(items: [Item], nextCursor: String? = nil) {
        self.items = items
        self.nextCursor = nextCursor
    }

    public func map<New>(_ transform: (Item) throws -> New) rethrows -> Page<New> {
        Page<New>(items: try items.map(transform), nextCursor: nextCursor)
    }
}

/// The bounds of every list.
public enum PageLimit {
    public static let range = 1...200
    public static let usual = 50
}

/// Which page of a list is asked for, in which order.
public struct PageRequest<Item: Listed>: Sendable {
    public let limit: Int
    public let order: ListOrder<Item>
    public let isDescending: Bool
    /// Where the page before ended.
    var after: Position?

    struct Position: Sendable, Equatable {
        let key: ListOrder<Item>.Key
        let id: UUID
    }

    /// - Parameters:
    ///   - order: the name of one of the list's orders; `nil` for the usual one.
    ///   - isDescending: `nil` for the usual direction.
    /// - Throws: ``ServiceError/invalid(_:)`` for an order that the list does not have, and for a cursor that is not of this
    ///   list and order.
    public init(
        limit: Int = PageLimit.usual, order name: String? = nil, isDescending: Bool? = nil, cursor: String? = nil
    ) throws {
        guard let order = name.map({ name in Item.orders.first { $0.name == name } }) ?? Item.orders.first else {
            throw ServiceError.invalid("/sort", "unknown", "One of \(Item.orders.map(\.name).joined(separator: ", ")).")
        }
        self.order = order
        self.limit = min(max(limit, PageLimit.range.lowerBound), PageLimit.range.upperBound)
        self.isDescending = isDescending ?? Item.isNewestFirst
        if let cursor {
            guard let position = Self.position(cursor, order, self.isDescending) else {
                throw ServiceError.invalid("/cursor", "invalid_cursor", "The cursor is not one of this list and order.")
            }
            after = position
        } else {
            after = nil
        }
    }

    /// The first page in an order of the list.
    public init(limit: Int = PageLimit.usual, by order: ListOrder<Item>) {
        self.order = order
        self.limit = min(max(limit, PageLimit.range.lowerBound), PageLimit.range.upperBound)
        isDescending = Item.isNewestFirst
        after = nil
    }

    /// The rest of the list's statement: `AND (key, id) > … ORDER BY … LIMIT …`, one row more than the page holds.
    ///
    /// - Parameter column: what the order goes by; that of the list unless another one stands for it.
    func clause(id: SQL, column: SQL? = nil) -> SQL {
        let column = column ?? order.column
        let limit = limit + 1
        let rest: SQL =
            isDescending
            ? "ORDER BY \(column) DESC, \(id) DESC LIMIT \(limit)" : "ORDER BY \(column), \(id) LIMIT \(limit)"
        guard let after else { return rest }
        let sign: SQL = isDescending ? "<" : ">"
        return switch after.key {
        case .time(let time): "AND (\(column), \(id)) \(sign) (\(time), \(after.id))\n\(rest)"
        case .text(let text): "AND (\(column), \(id)) \(sign) (\(text), \(after.id))\n\(rest)"
        case .number(let number): "AND (\(column), \(id)) \(sign) (\(number), \(after.id))\n\(rest)"
        }
    }

    /// Cuts the surplus row off and makes the cursor of the next page.
    func page(of items: [Item]) -> Page<Item> {
        guard items.count > limit else { return Page(items: items, nextCursor: nil) }
        let kept = Array(items.prefix(limit))
        return Page(items: kept, nextCursor: kept.last.map { cursor(at: Position(key: order.key($0), id: $0.listID)) })
    }

    // MARK: Cursors: the order and its direction, the id, then the key

    /// What PostgreSQL takes: the years 1 to 9999.
    private static var times: ClosedRange<Date> {
        Date(timeIntervalSince1970: -62_135_596_800)...Date(timeIntervalSince1970: 253_402_300_799)
    }

    /// Tells cursors of other lists, orders and directions apart. (FNV-1a)
    private static func mark(_ order: ListOrder<Item>, _ isDescending: Bool) -> UInt8 {
        "\(Item.self) \(order.name) \(isDescending)".utf8.reduce(0x811C_9DC5 as UInt32) {
            ($0 ^ UInt32($1)) &* 0x0100_0193
        }
        .folded
    }

    private func cursor(at position: Position) -> String {
        var bytes: [UInt8] = [Self.mark(order, isDescending)]
        position.id.encode(into: &bytes)
        switch position.key {
        case .time(let time): time.encode(into: &bytes)
        case .text(let text): bytes += Array(text.utf8)
        case .number(let number): number.encode(into: &bytes)
        }
        return Base32.encode(bytes)
    }

    private static func position(_ cursor: String, _ order: ListOrder<Item>, _ isDescending: Bool) -> Position? {
        guard cursor.utf8.count <= 2048, let bytes = Base32.decode(cursor), bytes.count >= 17,
            bytes[0] == mark(order, isDescending)
        else { return nil }
        return bytes.withUnsafeBytes { buffer in
            guard let id = UUID.decode(UnsafeRawBufferPointer(rebasing: buffer[1..<17]), as: .uuid) else { return nil }
            let rest = UnsafeRawBufferPointer(rebasing: buffer[17...])
            switch order.form {
            case .text:
                guard let text = String(validating: rest, as: UTF8.self), !text.utf8.contains(0) else { return nil }
                return Position(key: .text(text), id: id)
            case .time:
                guard let time = Date.decode(rest, as: .timestamptz), Self.times.contains(time) else { return nil }
                return Position(key: .time(time), id: id)
            case .number:
                guard let number = Int.decode(rest, as: .int8) else { return nil }
                return Position(key: .number(number), id: id)
            }
        }
    }
}

extension UInt32 {
    /// All of its bits in eight.
    fileprivate var folded: UInt8 { UInt8(truncatingIfNeeded: self ^ self >> 8 ^ self >> 16 ^ self >> 24) }
}
