import Foundation
import Postgres

/// Objects that another one is linked to, and the members that name them.
struct ObjectLink: Sendable {
    /// A kind of object that others are linked to.
    struct Target: Sendable {
        let kind: String
        let statement: StaticString
        let table: SQL
        var condition: SQL = ""
        /// What keeps others from removing it, and nothing else.
        var strength: SQL = "FOR SHARE"

        /// Those that people can belong to, which deleted ones and people are not.
        static let organisation = Target(
            kind: "organisation", statement: "link.organisation", table: "crm.customer",
            condition: "AND kind = 'organisation'")
        static let market = Target(kind: "market", statement: "link.market", table: "crm.market")
        static let member = Target(kind: "member", statement: "link.member", table: "crm.member")
        static let customer = Target(kind: "customer", statement: "link.customer", table: "crm.customer")
        static let department = Target(kind: "department", statement: "link.department", table: "crm.department")
        static let product = Target(kind: "product", statement: "link.product", table: "crm.product")
        static let segment = Target(
            kind: "segment", statement: "link.segment", table: "crm.segment", strength: "FOR KEY SHARE")
        static let touchpoint = Target(kind: "touchpoint", statement: "link.touchpoint", table: "crm.touchpoint")
        static let journeyStage = Target(
            kind: "journey_stage", statement: "link.journey_stage", table: "crm.journey_stage")
    }

    let target: Target
    let places: [(pointer: String, id: UUID)]

    init(_ target: Target, _ places: [(pointer: String, id: UUID)]) {
        self.target = target
        self.places = places
    }

    /// One link that a change makes or moves; `nil` when it does not.
    init?(_ target: Target, _ pointer: String, from old: UUID?, to new: UUID?) {
        guard let new, new != old else { return nil }
        self.init(target, [(pointer, new)])
    }

    /// Those that are there, which nobody removes until the transaction ends.
    static func present(_ tenant: Tenant.ID, _ target: Target, _ ids: [UUID]) -> Statement<[UUID]> {
        Statement(
            target.statement,
            """
            SELECT id FROM \(target.table) WHERE tenant_id = \(tenant) AND id = ANY (\(ids)) AND deleted_at IS NULL
                \(target.condition)
            ORDER BY id \(target.strength)
            """, all: { try $0.next() })
    }
}

extension ObjectLink {
    /// The same links, one for each kind and object.
    static func joined(_ links: [ObjectLink]) -> [ObjectLink] {
        Dictionary(grouping: links, by: \.target.kind).sorted { $0.key < $1.key }.map { kind, links in
            let ids = Set(links.flatMap(\.places).map(\.id)).sorted { $0.uuidString < $1.uuidString }
            return ObjectLink(links[0].target, ids.map { (pointer: "/\(kind)", id: $0) })
        }
    }
}

extension TenantTransaction {
    /// - Throws: ``ServiceError/invalid(_:)`` with each member that names an object which is not there.
    mutating func require(_ links: [ObjectLink]) async throws {
        let tenant = context.tenantID
        let found = try await pipeline(
            all: links.map { ObjectLink.present(tenant, $0.target, $0.places.map(\.id)) })
        let errors = zip(links, found).flatMap { link, ids in
            link.places.filter { !ids.contains($0.id) }.map { place in
                FieldError(
                    place.pointer, "not_found",
                    "There is no such \(link.target.kind.replacing("_", with: " ")).")
            }
        }
        try ServiceError.refuse(errors)
    }
}
