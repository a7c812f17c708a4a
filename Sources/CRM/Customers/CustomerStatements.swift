import Foundation
import JobQueue
public import Postgres

package enum CustomerStatements {
    /// Contact points come as arrays beside the customer: one statement, no second trip.
    static let columns: SQL = """
        c.id, c.kind, c.stage, c.stage_reason, c.reference, c.external_references, c.name, c.names, c.birth_date, c.language,
        c.time_zone, c.organisation_id, c.owner_id, c.source, c.acquisition_amount, c.acquisition_currency, c.market_ids,
        c.tags, c.attributes, c.stage_changed_at, c.version, c.created_at, c.updated_at, p.channels, p.addresses,
        p.primaries, p.types, p.verified
        """

    static let contactPoints: SQL = """
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(q.channel), '{}') AS channels, coalesce(array_agg(q.address), '{}') AS addresses,
                coalesce(array_agg(q.is_primary), '{}') AS primaries, coalesce(array_agg(q.type), '{}') AS types,
                coalesce(array_agg(q.verified_at), '{}') AS verified
            FROM (SELECT k.channel, k.address, k.is_primary, k.type, k.verified_at FROM crm.contact_point k
                WHERE k.tenant_id = c.tenant_id AND k.customer_id = c.id AND k.deleted_at IS NULL
                ORDER BY k.channel, k.is_primary DESC, k.id) AS q
        ) AS p
        """

    package static func find(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Customer?> {
        Statement(
            "customer.find",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.deleted_at IS NULL
            """,
            optional: Customer.init(row:))
    }

    /// A customer that is there or was deleted, which nobody changes or links to until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ id: Customer.ID, isDeleted: Bool) -> Statement<Customer?> {
        let state: SQL =
            isDeleted
            ? "c.deleted_at IS NOT NULL AND c.erased_at IS NULL AND c.merged_into_id IS NULL" : "c.deleted_at IS NULL"
        return Statement(
            isDeleted ? "customer.lock_deleted" : "customer.lock",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND \(state)
            FOR UPDATE OF c
            """,
            optional: Customer.init(row:))
    }

    /// Those of the ids that are there, the newest first.
    static func some(_ tenant: Tenant.ID, _ ids: [Customer.ID]) -> Statement<[Customer]> {
        Statement(
            "customer.some",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = ANY (\(ids)) AND c.deleted_at IS NULL ORDER BY c.id DESC
            """, all: Customer.init(row:))
    }

    /// A customer that is there, which nobody changes or deletes until the transaction ends; others may link to it.
    static func hold(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Customer?> {
        Statement(
            "customer.hold",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.deleted_at IS NULL
            FOR NO KEY UPDATE OF c
            """,
            optional: Customer.init(row:))
    }

    package static func list(_ tenant: Tenant.ID, _ filter: CustomerFilter, _ page: PageRequest<Customer>) -> Statement<
        [Customer]
    > {
        Statement(
            "customer.list",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) \(filter.condition(of: tenant))
            \(page.clause(id: "c.id"))
            """, all: Customer.init(row:))
    }

    /// The customers of a segment; a list by the customers' age.
    static func members(_ tenant: Tenant.ID, of segment: Segment.ID, _ page: PageRequest<Customer>) -> Statement<
        [Customer]
    > {
        Statement(
            "segment.members",
            """
            SELECT \(columns) FROM crm.customer c
            JOIN crm.segment_member m ON m.tenant_id = c.tenant_id AND m.customer_id = c.id
            \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND m.tenant_id = \(tenant) AND m.segment_id = \(segment)
                AND c.deleted_at IS NULL
            \(page.clause(id: "c.id"))
            """, all: Customer.init(row:))
    }

    package static func insert(_ tenant: Tenant.ID, _ id: Customer.ID, _ new: CustomerValues) throws -> Statement<Int> {
        Statement(
            "customer.insert",
            """
            INSERT INTO crm.customer (tenant_id, id, kind, stage, stage_reason, reference, external_references, name, names,
                birth_date, language, time_zone, organisation_id, owner_id, source, acquisition_amount,
                acquisition_currency, market_ids, tags, attributes)
            SELECT \(tenant), \(id), \(new.kind), \(new.stage), \(new.stageReason), \(new.reference),
                \(JSONText(utf8: JSONWriter.bytes(of: new.references))), \(new.name),
                \(JSONText(utf8: JSONWriter.bytes(of: new.names))), \(new.birthDate),
                coalesce(\(new.language), split_part(s.locale, '-', 1)), \(new.timeZone), \(new.organisationID),
                \(new.ownerID), \(new.source), \(new.acquisitionCost?.amount), \(new.acquisitionCost?.currency),
                \(new.marketIDs), \(new.tags), \(JSONText(utf8: JSONWriter.bytes(of: new.attributes)))
            FROM crm.tenant_setting s WHERE s.tenant_id = \(tenant)
            RETURNING id
            """)
    }

    /// Raises `MV006` when attributes are not what the business says that they may be.
    static func checkAttributes(
        _ tenant: Tenant.ID, from old: [String: JSONNode], to new: [String: JSONNode]
    ) -> Statement<Void> {
        Statement(
            effect: "customer.check_attributes",
            """
            SELECT crm.check_attributes(\(tenant), \(JSONText(utf8: JSONWriter.bytes(of: old))),
                \(JSONText(utf8: JSONWriter.bytes(of: new))))
            """)
    }

    /// 0 when the customer has another version by now.
    static func update(_ tenant: Tenant.ID, _ old: Customer, _ new: CustomerValues) -> Statement<Int> {
        Statement(
            "customer.update",
            """
            UPDATE crm.customer SET kind = \(new.kind), stage = \(new.stage), stage_reason = \(new.stageReason),
                stage_changed_at = CASE WHEN stage = \(new.stage) THEN stage_changed_at ELSE now() END,
                reference = \(new.reference), external_references = \(JSONText(utf8: JSONWriter.bytes(of: new.references))),
                name = \(new.name), names = \(JSONText(utf8: JSONWriter.bytes(of: new.names))),
                birth_date = \(new.birthDate), language = coalesce(\(new.language), (
                    SELECT split_part(s.locale, '-', 1) FROM crm.tenant_setting s WHERE s.tenant_id = \(tenant))),
                time_zone = \(new.timeZone), organisation_id = \(new.organisationID), owner_id = \(new.ownerID),
                source = \(new.source), acquisition_amount = \(new.acquisitionCost?.amount),
                acquisition_currency = \(new.acquisitionCost?.currency), market_ids = \(new.marketIDs),
                tags = \(new.tags), attributes = \(JSONText(utf8: JSONWriter.bytes(of: new.attributes))),
                version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }

    /// Marks a customer deleted, or takes that back.
    static func setDeleted(_ tenant: Tenant.ID, _ id: Customer.ID, _ isDeleted: Bool) -> Statement<Int> {
        let moment: SQL = isDeleted ? "now()" : "NULL"
        return Statement(
            isDeleted ? "customer.delete" : "customer.restore",
            """
            UPDATE crm.customer SET deleted_at = \(moment), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    static func relink(_ tenant: Tenant.ID, _ id: Customer.ID, _ values: CustomerValues) -> Statement<Int> {
        Statement(
            "customer.relink",
            """
            UPDATE crm.customer SET market_ids = \(values.marketIDs), owner_id = \(values.ownerID),
                organisation_id = \(values.organisationID)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    static func isThere(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Bool> {
        Statement(
            "customer.is_there",
            """
            SELECT EXISTS (SELECT FROM crm.customer WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL)
            """, one: { try $0.next() })
    }

    /// Whether people belong to the organisation.
    static func hasPeople(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Bool> {
        Statement(
            "customer.has_people",
            """
            SELECT EXISTS (SELECT FROM crm.customer
                WHERE tenant_id = \(tenant) AND organisation_id = \(id) AND deleted_at IS NULL)
            """, one: { try $0.next() })
    }
}

extension Customer.Kind: PostgresEncodable, PostgresDecodable {}
extension ContactPoint.Channel: PostgresEncodable, PostgresDecodable {}
extension ContactPoint.Purpose: PostgresEncodable, PostgresDecodable {}
extension Customer.Stage: PostgresEncodable, PostgresDecodable {}

extension Customer {
    init(row: inout RowReader) throws {
        let id: ID = try row.next()
        let kind: Kind = try row.next()
        let stage: Stage = try row.next()
        let stageReason: String? = try row.nextIfPresent()
        let reference: String? = try row.nextIfPresent()
        let references: JSONText = try row.next()
        var values = CustomerValues(name: try row.next())
        (values.kind, values.stage, values.stageReason) = (kind, stage, stageReason)
        (values.reference, values.references) = (reference, try references.object())
        values.names = try row.next(JSONText.self).object()
        values.birthDate = try row.nextIfPresent()
        values.language = try row.next(String.self)
        values.timeZone = try row.nextIfPresent()
        values.organisationID = try row.nextIfPresent()
        values.ownerID = try row.nextIfPresent()
        values.source = try row.nextIfPresent()
        values.acquisitionCost = try Money(row: &row)
        values.marketIDs = try row.next()
        values.tags = try row.next()
        values.attributes = try row.next(JSONText.self).object()
        let stageChangedAt: Date = try row.next()
        let version: Int = try row.next()
        let createdAt: Date = try row.next()
        let updatedAt: Date = try row.next()
        values.contactPoints = try [ContactPoint](row: &row)
        self.init(
            id: id, values: values, stageChangedAt: stageChangedAt, version: version, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension [ContactPoint] {
    /// Reads the columns that hold one thing of all contact points each.
    fileprivate init(row: inout RowReader) throws {
        let channels: [ContactPoint.Channel] = try row.next()
        let addresses: [String] = try row.next()
        let primaries: [Bool] = try row.next()
        let types: NullableArray<ContactPoint.Purpose> = try row.next()
        let verified: NullableArray<Date> = try row.next()
        self = channels.indices.map { index in
            ContactPoint(
                channel: channels[index], address: addresses[index], isPrimary: primaries[index],
                type: types.elements[index], verifiedAt: verified.elements[index])
        }
    }
}

extension JSONText {
    /// The members of an object. Most have none, and a decoder costs more than the rest of the row.
    fileprivate func object<Value: Decodable>() throws -> [String: Value] {
        utf8 == Array("{}".utf8) ? [:] : try JSONDecoder().decode([String: Value].self, from: Data(utf8))
    }
}
