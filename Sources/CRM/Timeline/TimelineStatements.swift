import Foundation
import Postgres

enum TimelineStatements {
    /// Each kind of entry is read from its own index, no further than the page reaches, and the page is the newest of all.
    static func list(
        _ tenant: Tenant.ID, of customer: Customer.ID, _ filter: TimelineFilter, _ page: PageRequest<TimelineEntry>
    ) -> Statement<[TimelineEntry]> {
        let sources = filter.sources.map { source in
            let conditions = SQL.joined(source.conditions + filter.times(source.time), by: " ")
            return """
                (SELECT \(source.columns) FROM \(source.table)
                WHERE e.tenant_id = \(tenant) AND e.customer_id = \(customer) \(conditions)
                \(page.clause(id: source.id, column: source.time)))
                """ as SQL
        }
        return Statement(
            "timeline.list",
            """
            SELECT t.kind, t.id, t.at, t.department_id, t.member_id, t.touchpoint_id, t.channel, t.subject, t.outcome,
                t.satisfaction, t.amount, t.currency, t.metric, t.score
            FROM (\(SQL.joined(sources, by: "\nUNION ALL\n"))) AS t (kind, id, at, department_id, member_id, touchpoint_id,
                channel, subject, outcome, satisfaction, amount, currency, metric, score)
            WHERE true \(page.clause(id: "t.id"))
            """, all: TimelineEntry.init(row:))
    }
}

/// One kind of row that a timeline is made of; the table with the customer is called `e`.
private struct TimelineSource {
    let table: SQL
    var id: SQL = "e.id"
    let columns: SQL
    let time: SQL
    let conditions: [SQL]
}

extension TimelineFilter {
    fileprivate func has(_ kind: TimelineEntry.Kind) -> Bool { kinds?.contains(kind) ?? true }

    fileprivate func times(_ time: SQL) -> [SQL] {
        [from.map { "AND \(time) >= \($0)" }, until.map { "AND \(time) < \($0)" }].compactMap(\.self)
    }

    /// Only what the filter may let through is looked at. There is always one, which then shows nothing.
    fileprivate var sources: [TimelineSource] {
        var found = [interaction]
        // Nobody of the business answers a survey or is who invites to it, and the others happened in no department and at no touchpoint.
        found += [order, orderReturn]
        if member == nil { found += [invitation, survey] }
        if department == nil, touchpoint == nil { found += [stageChange, consent] }
        return found.compactMap(\.self).isEmpty ? [nothing] : found.compactMap(\.self)
    }

    /// The condition with the member behind it; none where any will do.
    private func ofMember(_ condition: SQL) -> [SQL] { member.map { ["\(condition) \($0)"] } ?? [] }

    /// The conditions on the department and the touchpoint, which stand in these columns.
    private func ofPlace(_ departmentColumn: SQL, _ touchpointColumn: SQL) -> [SQL] {
        [
            department.map { "AND \(departmentColumn) = \($0)" }, touchpoint.map { "AND \(touchpointColumn) = \($0)" },
        ].compactMap(\.self)
    }

    private var nothing: TimelineSource {
        TimelineSource(
            table: "crm.interaction e", columns: Self.interactionColumns, time: "e.happened_at",
            conditions: ["AND false"])
    }

    private static let interactionColumns: SQL = """
        e.kind, e.id, e.happened_at, e.department_id, e.member_id, e.touchpoint_id, e.channel, e.subject, e.outcome,
        e.satisfaction, NULL::numeric, NULL::text, NULL::text, NULL::smallint
        """

    private var interaction: TimelineSource? {
        let all = InteractionValues.Kind.allCases
        let wanted = kinds.map { $0.compactMap(\.interaction) } ?? all
        guard !wanted.isEmpty else { return nil }
        var conditions: [SQL] = ["AND e.deleted_at IS NULL"]
        if wanted.count < all.count { conditions.append("AND e.kind = ANY (\(wanted.map(\.rawValue)))") }
        conditions += ofMember("AND e.member_id =") + ofPlace("e.department_id", "e.touchpoint_id")
        return TimelineSource(
            table: "crm.interaction e", columns: Self.interactionColumns, time: "e.happened_at",
            conditions: conditions)
    }

    private var order: TimelineSource? {
        guard has(.order) else { return nil }
        return TimelineSource(
            table: "crm.customer_order e",
            columns: """
                'order', e.id, e.happened_at, e.department_id, e.member_id, e.touchpoint_id, e.channel, e.reference,
                NULL::text, NULL::smallint, e.amount - e.returned_amount, e.currency, NULL::text, NULL::smallint
                """, time: "e.happened_at",
            conditions: ["AND e.deleted_at IS NULL"] + ofMember("AND e.member_id =")
                + ofPlace("e.department_id", "e.touchpoint_id"))
    }

    /// Read from the customer's orders of which something came back, which have an index of their own.
    private var orderReturn: TimelineSource? {
        guard has(.orderReturn) else { return nil }
        return TimelineSource(
            table: """
                crm.customer_order e
                JOIN crm.order_return r ON r.tenant_id = e.tenant_id AND r.order_id = e.id
                """,
            id: "r.id",
            columns: """
                'return', r.id, r.returned_on::timestamp AT TIME ZONE 'UTC', e.department_id, e.member_id, e.touchpoint_id,
                e.channel, e.reference, NULL::text, NULL::smallint, r.amount, e.currency, NULL::text, NULL::smallint
                """, time: "(r.returned_on::timestamp AT TIME ZONE 'UTC')",
            conditions: ["AND e.returned_amount > 0 AND e.deleted_at IS NULL AND r.amount > 0"]
                + ofMember("AND e.member_id =") + ofPlace("e.department_id", "e.touchpoint_id"))
    }

    private var invitation: TimelineSource? {
        guard has(.invitation) else { return nil }
        return TimelineSource(
            table: """
                crm.invitation e
                JOIN crm.campaign g ON g.tenant_id = e.tenant_id AND g.id = e.campaign_id
                JOIN crm.survey s ON s.tenant_id = g.tenant_id AND s.id = g.survey_id
                LEFT JOIN crm.touchpoint h ON h.tenant_id = g.tenant_id AND h.id = g.touchpoint_id
                """,
            columns: """
                'invitation', e.id, e.sent_at, h.department_id, NULL::uuid, g.touchpoint_id, 'email', s.name, e.state,
                NULL::smallint, NULL::numeric, NULL::text, NULL::text, NULL::smallint
                """, time: "e.sent_at",
            conditions: ["AND e.sent_at IS NOT NULL"] + ofPlace("h.department_id", "g.touchpoint_id"))
    }

    private var survey: TimelineSource? {
        guard has(.survey) else { return nil }
        return TimelineSource(
            table: """
                crm.response e
                JOIN crm.survey s ON s.tenant_id = e.tenant_id AND s.id = e.survey_id
                LEFT JOIN crm.campaign g ON g.tenant_id = e.tenant_id AND g.id = e.campaign_id
                LEFT JOIN crm.touchpoint h ON h.tenant_id = e.tenant_id AND h.id = g.touchpoint_id
                LEFT JOIN LATERAL (SELECT a.score FROM crm.answer a
                    WHERE a.tenant_id = e.tenant_id AND a.response_id = e.id AND a.kind = e.metric
                    ORDER BY a.question_id LIMIT 1) a ON true
                """,
            columns: """
                'survey', e.id, e.submitted_at, h.department_id, NULL::uuid, g.touchpoint_id, NULL::text, s.name, NULL::text,
                NULL::smallint, NULL::numeric, NULL::text, e.metric, a.score
                """, time: "e.submitted_at", conditions: ofPlace("h.department_id", "g.touchpoint_id"))
    }

    private var stageChange: TimelineSource? {
        guard has(.stageChange) else { return nil }
        return TimelineSource(
            table: "crm.stage_change e",
            columns: """
                'stage_change', e.id, e.changed_at, NULL::uuid, CASE WHEN e.actor_kind = 'member' THEN e.actor_id END,
                NULL::uuid, NULL::text, e.from_stage, e.to_stage, NULL::smallint, NULL::numeric, NULL::text, NULL::text,
                NULL::smallint
                """, time: "e.changed_at", conditions: ofMember("AND e.actor_kind = 'member' AND e.actor_id ="))
    }

    private var consent: TimelineSource? {
        guard has(.consent) else { return nil }
        return TimelineSource(
            table: "crm.consent_record e",
            columns: """
                'consent', e.id, e.given_at, NULL::uuid, CASE WHEN e.actor_kind = 'member' THEN e.actor_id END,
                NULL::uuid, e.channel, NULL::text, CASE WHEN e.is_granted THEN 'granted' ELSE 'declined' END,
                NULL::smallint, NULL::numeric, NULL::text, NULL::text, NULL::smallint
                """, time: "e.given_at", conditions: ofMember("AND e.actor_kind = 'member' AND e.actor_id ="))
    }
}

extension TimelineEntry {
    init(row: inout RowReader) throws {
        self.init(
            kind: try row.next(), id: try row.next(), happenedAt: try row.next(),
            departmentID: try row.nextIfPresent(), memberID: try row.nextIfPresent(),
            touchpointID: try row.nextIfPresent(), channel: try row.nextIfPresent(), subject: try row.nextIfPresent(),
            outcome: try row.nextIfPresent(), satisfaction: try row.nextIfPresent(), amount: try Money(row: &row),
            metric: try row.nextIfPresent(), score: try row.nextIfPresent())
    }
}
