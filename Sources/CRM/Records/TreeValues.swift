public import Foundation
import Postgres

/// Values of objects that make a tree: each has its place below another one of the kind, or at the top.
public protocol TreeValues: RecordValues {
    var parentID: UUID? { get }
}

/// The bounds of every tree.
public enum TreeRules {
    /// How many levels a tree has at most.
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
                throw ServiceError.invalid("/parent_id", "not_found", "There is no such \(Self.kind).")
            }
            if place.isBelowItself {
                throw ServiceError.invalid("/parent_id", "cycle", "It would stand below itself.")
            }
            if place.depth + place.height > TreeRules.maximumDepth {
                throw ServiceError.invalid(
                    "/parent_id", "too_deep", "At most \(TreeRules.maximumDepth) levels, with what stands below it.")
            }
        }
    }

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
        let name = table.name
        return Statement(
            table.statements.place,
            """
            WITH RECURSIVE above (id, parent_id, level) AS (
                SELECT t.id, t.parent_id, 1 FROM \(name) t
                WHERE t.tenant_id = \(tenant) AND t.id = \(parent) AND t.deleted_at IS NULL
                UNION ALL
                SELECT t.id, t.parent_id, a.level + 1 FROM above a
                JOIN \(name) t ON t.tenant_id = \(tenant) AND t.id = a.parent_id WHERE a.level < 100
            ), below (id, level) AS (
                SELECT t.id, 1 FROM \(name) t WHERE t.tenant_id = \(tenant) AND t.id = \(id) AND t.deleted_at IS NULL
                UNION ALL
                SELECT t.id, b.level + 1 FROM below b
                JOIN \(name) t ON t.tenant_id = \(tenant) AND t.parent_id = b.id AND t.deleted_at IS NULL
                WHERE b.level < 100
            )
            SELECT (SELECT count(*) FROM above), EXISTS (SELECT FROM above WHERE id = \(id)),
                (SELECT coalesce(max(level), 1)::bigint FROM below)
            """, one: { row in (try row.next(), try row.next(), try row.next()) })
    }

    static func hasChildren(_ tenant: Tenant.ID, _ id: UUID) -> Statement<Bool> {
        Statement(
            table.statements.children,
            """
            SELECT EXISTS (SELECT FROM \(table.name)
                WHERE tenant_id = \(tenant) AND parent_id = \(id) AND deleted_at IS NULL)
            """, one: { try $0.next() })
    }
}
