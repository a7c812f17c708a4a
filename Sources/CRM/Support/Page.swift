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

/// Which page of a list is asked for: lists go by time and id, in either direction.
public struct PageRequest: Sendable {
    public static let limits = 1...200

    public var limit: Int
    public var isDescending: Bool
    /// The last item of the page before.
    var after: Position?

    struct Position: Sendable, Equatable {
        let time: Date
        let id: UUID
    }

    /// - Throws: ``ServiceError/invalid(_:)`` for a cursor that is not of this list and order.
    public init(limit: Int = 50, isDescending: Bool = false, cursor: String? = nil) throws {
        self.limit = min(max(limit, Self.limits.lowerBound), Self.limits.upperBound)
        self.isDescending = isDescending
        if let cursor {
            guard let position = Self.position(cursor, isDescending: isDescending) else {
                throw ServiceError.invalid("/cursor", "invalid_cursor", "The cursor is not one of this list and order.")
            }
            after = position
        }
    }

    /// The rest of the list's statement: `AND (time, id) > … ORDER BY … LIMIT …`, one row more than the page holds.
    func clause(time: Column, id: Column) -> SQL {
        let (timeColumn, idColumn) = (time.sql, id.sql)
        let limit = limit + 1
        guard let after else {
            return isDescending
                ? "ORDER BY \(timeColumn) DESC, \(idColumn) DESC LIMIT \(limit)"
                : "ORDER BY \(timeColumn), \(idColumn) LIMIT \(limit)"
        }
        return isDescending
            ? """
            AND (\(timeColumn), \(idColumn)) < (\(after.time), \(after.id))
            ORDER BY \(timeColumn) DESC, \(idColumn) DESC LIMIT \(limit)
            """
            : """
            AND (\(timeColumn), \(idColumn)) > (\(after.time), \(after.id))
            ORDER BY \(timeColumn), \(idColumn) LIMIT \(limit)
            """
    }

    /// The name of a column that a list goes by.
    struct Column: ExpressibleByStringLiteral {
        let sql: SQL
        init(stringLiteral value: StaticString) { sql = SQL(stringLiteral: value) }
    }

    /// Cuts the surplus row off and makes the cursor of the next page.
    func page<Item>(of items: [Item], position: (Item) -> (time: Date, id: UUID)) -> Page<Item> {
        guard items.count > limit else { return Page(items: items, nextCursor: nil) }
        let kept = Array(items.prefix(limit))
        return Page(items: kept, nextCursor: kept.last.map { cursor(at: position($0)) })
    }

    private func cursor(at position: (time: Date, id: UUID)) -> String {
        var bytes: [UInt8] = [isDescending ? 2 : 1]
        position.time.encode(into: &bytes)
        position.id.encode(into: &bytes)
        return Base32.encode(bytes)
    }

    private static func position(_ cursor: String, isDescending: Bool) -> Position? {
        guard let bytes = Base32.decode(cursor), bytes.count == 25, bytes[0] == (isDescending ? 2 : 1) else {
            return nil
        }
        return bytes.withUnsafeBytes { buffer in
            guard let time = Date.decode(UnsafeRawBufferPointer(rebasing: buffer[1..<9]), as: .timestamptz),
                let id = UUID.decode(UnsafeRawBufferPointer(rebasing: buffer[9..<25]), as: .uuid)
            else { return nil }
            return Position(time: time, id: id)
        }
    }
}
