import Postgres

/// Which customers a list shows.
public struct CustomerFilter: Sendable {
    public var stages: [Customer.Stage]?
    public var kinds: [Customer.Kind]?
    public var languages: [String]?
    public var references: [String]?
    /// The number in another system: `shop:10077`.
    public var externalReference: (system: String, reference: String)?
    public var owner: Member.ID?
    public var organisation: Customer.ID?
    public var market: Market.ID?
    /// Those who are in it now.
    public var segment: Segment.ID?
    /// Customers with all of them.
    public var tags: [String]?
    public var sources: [String]?
    /// Customers with all of them.
    public var attributes: [AttributeFilter] = []
    /// Those that were deleted, and no others.
    public var isDeleted = false

    public init() {}
}

extension CustomerFilter {
    /// Of customers `c`.
    ///
    /// - Parameter last: the customer behind whom they begin in the order of their ids. The statement says so of `c`, and this of the
    ///   members of a segment, so that those before are not read again.
    func condition(of tenant: Tenant.ID, after last: Customer.ID? = nil) -> SQL {
        var parts: [SQL] = [
            isDeleted
                ? "AND c.deleted_at IS NOT NULL AND c.erased_at IS NULL AND c.merged_into_id IS NULL"
                : "AND c.deleted_at IS NULL"
        ]
        if let stages { parts.append("AND c.stage = ANY (\(stages.map(\.rawValue)))") }
        if let kinds { parts.append("AND c.kind = ANY (\(kinds.map(\.rawValue)))") }
        if let languages { parts.append("AND c.language = ANY (\(languages))") }
        if let references { parts.append("AND c.reference = ANY (\(references))") }
        if let sources { parts.append("AND c.source = ANY (\(sources))") }
        if let owner { parts.append("AND c.owner_id = \(owner)") }
        if let organisation { parts.append("AND c.organisation_id = \(organisation)") }
        if let externalReference {
            parts.append(
                """
                AND c.id = (SELECT r.customer_id FROM crm.customer_reference r WHERE r.tenant_id = \(tenant)
                    AND r.system = \(externalReference.system) AND r.reference = \(externalReference.reference))
                """)
        }
        if let market {
            parts.append(
                """
                AND EXISTS (SELECT FROM crm.customer_market k WHERE k.tenant_id = c.tenant_id AND k.customer_id = c.id
                    AND k.market_id = ANY ((SELECT crm.markets_below(\(tenant), ARRAY[\(market)::uuid]))::uuid[]))
                """)
        }
        if let segment {
            let after: SQL = last.map { "AND s.customer_id > \($0)" } ?? ""
            parts.append(
                """
                AND EXISTS (SELECT FROM crm.segment_member s WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.id
                    AND s.segment_id = \(segment) \(after))
                """)
        }
        for tag in tags ?? [] {
            parts.append(
                """
                AND EXISTS (SELECT FROM crm.customer_tag t WHERE t.tenant_id = c.tenant_id AND t.customer_id = c.id
                    AND t.tag = \(tag))
                """)
        }
        parts += attributes.map { "AND \($0.condition(of: tenant))" }
        return SQL.joined(parts, by: " ")
    }

    /// Who is in which segment is for those to know who may read segments.
    ///
    /// - Throws: ``ServiceError/forbidden(scope:)``.
    func admit(_ context: TenantContext) throws {
        try context.require(.customersRead)
        if segment != nil { try context.require(.segmentsRead) }
    }

    /// What raises `MV006` when the business keeps no such attributes; `nil` for a filter that asks for none.
    func check(of tenant: Tenant.ID) throws -> Statement<Void>? {
        attributes.isEmpty ? nil : try AttributeFilter.check(tenant, attributes)
    }
}
