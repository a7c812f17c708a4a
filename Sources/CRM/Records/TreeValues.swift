public import Foundation
public import Postgres

/// Values of objects that make a tree: each has its place below another one of the kind, or at the top.
public protocol TreeValues: RecordValues {
    static var tree: TreeLink { get }
    var parentID: UUID? { get }
}

/// How the objects of a tree name those that they stand below.
public struct TreeLink: Sendable {
    let statement: StaticString
    let column: SQL
    let pointer: String
    let maximumDepth: Int

    static func parent(_ statement: StaticString) -> TreeLink {
        TreeLink(
            statement: statement, column: "parent_id", pointer: "/parent_id", maximumDepth: TreeRules.maximumDepth)
    }
}

/// The bounds of every tree.
public enum TreeRules {
    /// How many levels a tree has at most, unless it says otherwise.
    public static let maximumDepth = 8
}

extension TreeValues {
    /// The place has to be there, not below the object itself, and not too deep.
    public func check(after old: Self?) -> RecordCheck? {
        guard let parentID, parentID != old?.parentID else { return nil }
        return RecordCheck { id, transaction in
            let tenant = transaction.context.tenantID
            let (_, place) = try await transaction.pipeline(
                Self.lock(tenant), Self.place(tenant, of: id, below: parentID))
            if place.depth == 0 {
                throw ServiceError.invalid(Self.tree.pointer, "not_found", "There is no such \(Self.spoken).")
            }
            if place.isBelowItself {
                throw ServiceError.invalid(Self.tree.pointer, "cycle", "It would come back to itself.")
            }
            if place.depth + place.height > Self.tree.maximumDepth {
                throw ServiceError.invalid(
                    Self.tree.pointer, "too_deep",
                    "At most \(Self.tree.maximumDepth) one after the other, with what stands below it.")
            }
        }
    }

    public static func holdingOff(_ tenant: Tenant.ID) -> Statement<Void>? { lock(tenant) }

    /// Of two who move parts of a tenant's tree at once each may be right, and both together not: one after the other.
    static func lock(_ tenant: Tenant.ID) -> Statement<Void> {
        let tree = "\(kind):\(tenant)"
        return Statement(effect: "tree.lock", "SELECT pg_advisory_xact_lock(hashtextextended(\(tree), 0))")
    }

    /// How many levels end in the parent, 0 when it is not there; whether the object is one of them; and how many levels the
    /// object has with what stands below it.
    static func place(
        _ tenant: Tenant.ID, of id: UUID, below parent: UUID
    ) -> Statement<(depth: Int, isBelowItself: Bool, height: Int)> {
        let (name, parentID) = (table.name, tree.column)
        return Statement(
            tree.statement,
            """
            WITH RECURSIVE above (id, parent_id, level) AS (
                SELECT t.id, t.\(parentID), 1 FROM \(name) t
                WHERE t.tenant_id = \(tenant) AND t.id = \(parent) AND t.deleted_at IS NULL
                UNION ALL
                SELECT t.id, t.\(parentID), a.level + 1 FROM above a
                JOIN \(name) t ON t.tenant_id = \(tenant) AND t.id = a.parent_id WHERE a.level < 200
            ), below (id, level) AS (
                SELECT t.id, 1 FROM \(name) t WHERE t.tenant_id = \(tenant) AND t.id = \(id) AND t.deleted_at IS NULL
                UNION ALL
                SELECT t.id, b.level + 1 FROM below b
                JOIN \(name) t ON t.tenant_id = \(tenant) AND t.\(parentID) = b.id AND t.deleted_at IS NULL
                WHERE b.level < 200
            )
            SELECT (SELECT count(*) FROM above), EXISTS (SELECT FROM above WHERE id = \(id)),
                (SELECT coalesce(max(level), 1)::bigint FROM below)
            """, one: { row in (try row.next(), try row.next(), try row.next()) })
    }
}
