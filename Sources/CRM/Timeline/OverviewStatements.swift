import Foundation
import Postgres

/// The parts of an overview, each from an index of the customer's.
enum OverviewStatements {
    static func permissions(
        _ tenant: Tenant.ID, _ customer: Customer.ID
    ) -> Statement<[CustomerOverview.Permission]> {
        Statement(
            "overview.consents",
            """
            SELECT channel, is_granted, source, given_at, recorded_at FROM crm.consent
            WHERE tenant_id = \(tenant) AND customer_id = \(customer) ORDER BY channel
            """,
            all: { row in
                CustomerOverview.Permission(
                    channel: try row.next(), isGranted: try row.next(), source: try row.next(),
                    givenAt: try row.next(), recordedAt: try row.next())
            })
    }

    static func purchases(_ tenant: Tenant.ID, _ customer: Customer.ID) -> Statement<[CustomerOverview.Purchases]> {
        Statement(
            "overview.purchases",
            """
            SELECT count(*), sum(amount - returned_amount), currency, min(ordered_on), max(ordered_on) FROM crm.customer_order
            WHERE tenant_id = \(tenant) AND customer_id = \(customer) AND deleted_at IS NULL
            GROUP BY currency ORDER BY count(*) DESC, currency
            """,
            all: { row in
                CustomerOverview.Purchases(
                    count: try row.next(), amount: Money(amount: try row.next(), currency: try row.next()),
                    firstOn: try row.next(), lastOn: try row.next())
            })
    }

    /// The limit within keeps PostgreSQL from going through all segments of the business, of which it expects few.
    static func segments(_ tenant: Tenant.ID, _ customer: Customer.ID) -> Statement<[CustomerOverview.Membership]> {
        Statement(
            "overview.segments",
            """
            SELECT s.id, s.name, m.entered_at FROM crm.segment_member m
            CROSS JOIN LATERAL (SELECT g.id, g.name FROM crm.segment g
                WHERE g.tenant_id = \(tenant) AND g.id = m.segment_id AND g.deleted_at IS NULL LIMIT 1) s
            WHERE m.tenant_id = \(tenant) AND m.customer_id = \(customer) ORDER BY m.entered_at DESC, s.id LIMIT 200
            """,
            all: { row in
                CustomerOverview.Membership(
                    segmentID: try row.next(), name: try row.next(), enteredAt: try row.next())
            })
    }

    static func answers(_ tenant: Tenant.ID, _ customer: Customer.ID) -> Statement<[CustomerOverview.Answer]> {
        Statement(
            "overview.answers",
            """
            SELECT DISTINCT ON (a.kind) a.kind, a.score, r.id, r.submitted_at FROM crm.response r
            JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id AND a.score IS NOT NULL
            WHERE r.tenant_id = \(tenant) AND r.customer_id = \(customer)
            ORDER BY a.kind, r.submitted_at DESC, r.id DESC, a.question_id
            """,
            all: { row in
                CustomerOverview.Answer(
                    metric: try row.next(), score: try row.next(), responseID: try row.next(),
                    answeredAt: try row.next())
            })
    }

    static func openMatters(_ tenant: Tenant.ID, _ customer: Customer.ID) -> Statement<[Interaction]> {
        Statement(
            "overview.open_matters",
            """
            SELECT id, version, created_at, updated_at, \(SQL.joined(InteractionValues.table.columns, by: ", "))
            FROM crm.interaction
            WHERE tenant_id = \(tenant) AND customer_id = \(customer) AND is_open AND deleted_at IS NULL
            ORDER BY happened_at, id LIMIT \(CustomerOverview.maximumOpenMatters)
            """, all: Interaction.init(row:))
    }
}
