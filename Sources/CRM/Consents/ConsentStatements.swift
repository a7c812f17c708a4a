import Foundation
import Postgres

enum ConsentStatements {
    private static let columns: SQL = """
        n.id, n.customer_id, n.channel, n.is_granted, n.source, n.proof, n.given_at, n.actor_kind, n.actor_id, n.recorded_at
        """

    static func find(_ tenant: Tenant.ID, _ id: Consent.ID) -> Statement<Consent?> {
        Statement(
            "consent.find",
            "SELECT \(columns) FROM crm.consent_record n WHERE n.tenant_id = \(tenant) AND n.id = \(id)",
            optional: Consent.init(row:))
    }

    static func list(
        _ tenant: Tenant.ID, _ filter: ConsentFilter, _ page: PageRequest<Consent>
    ) -> Statement<[Consent]> {
        var condition: SQL = ""
        if let customer = filter.customer { condition = "AND n.customer_id = \(customer)" }
        if let channels = filter.channels {
            condition = "\(condition) AND n.channel = ANY (\(channels.map(\.rawValue)))"
        }
        if filter.isCurrent {
            condition = """
                \(condition) AND NOT EXISTS (SELECT FROM crm.consent_record l
                    WHERE l.tenant_id = \(tenant) AND l.customer_id = n.customer_id AND l.channel = n.channel
                        AND (l.given_at, l.recorded_at, l.id) > (n.given_at, n.recorded_at, n.id))
                """
        }
        return Statement(
            "consent.list",
            """
            SELECT \(columns) FROM crm.consent_record n WHERE n.tenant_id = \(tenant) \(condition)
            \(page.clause(id: "n.id"))
            """, all: Consent.init(row:))
    }

    /// Notes a customer's word, which counts unless a later one is known; by the database's clock, or what a client whose clock is fast
    /// told a minute ago would outlast who unsubscribes now. Who unsubscribes twice has said nothing new.
    static func record(
        _ id: Consent.ID, _ new: NewConsent, source: Consent.Source, by context: TenantContext
    ) -> Statement<Int> {
        Statement(
            "consent.record",
            """
            WITH record AS (
                INSERT INTO crm.consent_record
                    (tenant_id, id, customer_id, channel, is_granted, source, proof, given_at, actor_kind, actor_id)
                SELECT \(context.tenantID), \(id), \(new.customerID), \(new.channel), \(new.isGranted), \(source),
                    \(new.proof), least(coalesce(\(new.givenAt), now()), now()), \(context.actor.kind), \(context.actor.id)
                WHERE NOT EXISTS (SELECT FROM crm.consent k
                    WHERE k.tenant_id = \(context.tenantID) AND k.customer_id = \(new.customerID)
                        AND k.channel = \(new.channel) AND \(source) = 'unsubscribe' AND k.source = 'unsubscribe'
                        AND k.is_granted = \(new.isGranted))
                RETURNING tenant_id, customer_id, channel, is_granted, source, given_at
            )
            INSERT INTO crm.consent AS k (tenant_id, customer_id, channel, is_granted, source, given_at)
            SELECT r.tenant_id, r.customer_id, r.channel, r.is_granted, r.source, r.given_at FROM record r
            ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE SET is_granted = excluded.is_granted,
                source = excluded.source, given_at = excluded.given_at, recorded_at = excluded.recorded_at
            WHERE (k.given_at, k.recorded_at) <= (excluded.given_at, excluded.recorded_at)
            """)
    }
}

extension Consent {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), customerID: try row.next(), channel: try row.next(), isGranted: try row.next(),
            source: try row.next(), proof: try row.nextIfPresent(), givenAt: try row.next(),
            actorKind: try row.next(), actorID: try row.nextIfPresent(), recordedAt: try row.next())
    }
}
