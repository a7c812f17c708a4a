import Foundation
public import Postgres

enum CampaignStatements {
    private static let columns: SQL = """
        c.id, c.name, c.kind, c.state, c.survey_id, c.survey_version, c.segment_id, c.touchpoint_id, c.subject, c.message,
        c.expires_in_days, c.wave, c.launched_at, c.finished_at, c.version, c.created_at, c.updated_at
        """

    static func find(_ tenant: Tenant.ID, _ id: Campaign.ID) -> Statement<Campaign?> {
        Statement(
            "campaign.find",
            """
            SELECT \(columns) FROM crm.campaign c
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.deleted_at IS NULL
            """, optional: Campaign.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<Campaign>) -> Statement<[Campaign]> {
        Statement(
            "campaign.list",
            """
            SELECT \(columns) FROM crm.campaign c WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL
            \(page.clause(id: "c.id"))
            """, all: Campaign.init(row:))
    }

    /// Sends the survey's newest published version; touches no row when there is none.
    static func insert(_ tenant: Tenant.ID, _ id: Campaign.ID, _ new: NewCampaign) throws -> Statement<Int> {
        Statement(
            "campaign.insert",
            """
            INSERT INTO crm.campaign (tenant_id, id, name, kind, survey_id, survey_version, segment_id, touchpoint_id, subject,
                message, expires_in_days)
            SELECT \(tenant), \(id), \(new.name), \(new.kind), s.id, s.published_version, \(new.segmentID), \(new.touchpointID),
                \(try JSONValue(new.subject)), \(try JSONValue(new.message)), \(Int16(new.expiresInDays))
            FROM crm.survey s WHERE s.tenant_id = \(tenant) AND s.id = \(new.surveyID) AND s.deleted_at IS NULL
                AND s.published_version IS NOT NULL
            RETURNING id
            """)
    }

    static func launch(_ tenant: Tenant.ID, _ id: Campaign.ID) -> Statement<Int> {
        Statement(
            "campaign.launch",
            """
            UPDATE crm.campaign SET state = 'planning', launched_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'draft' AND deleted_at IS NULL
            """)
    }

    static func run(_ tenant: Tenant.ID, _ id: Campaign.ID) -> Statement<Int> {
        Statement(
            "campaign.run",
            """
            UPDATE crm.campaign SET state = 'running', version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'planning'
            """)
    }

    /// Settles what the cancelled sending jobs of an ended batch left: what was not begun is excluded, and what became of
    /// the rest nobody knows. Where a job was given up it may still be retried, and everything stays.
    static func settleCancelled(_ tenant: Tenant.ID, _ id: Campaign.ID) -> Statement<Int> {
        Statement(
            "campaign.settle_cancelled",
            """
            UPDATE crm.invitation i
            SET state = CASE i.state WHEN 'planned' THEN 'excluded' ELSE 'unknown' END, reason = 'cancelled'
            WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(id) AND i.state IN ('planned', 'sending') AND EXISTS (
                SELECT FROM job.batch b
                WHERE b.tenant_id = \(tenant) AND b.id = \(id) AND b.ended_at IS NOT NULL AND b.cancelled > 0
                    AND b.failed = 0)
            """)
    }

    /// Ends a campaign whose ledger is written and has nothing left to send.
    static func finish(_ tenant: Tenant.ID, _ id: Campaign.ID) -> Statement<Int> {
        Statement(
            "campaign.finish",
            """
            UPDATE crm.campaign c SET state = 'finished', finished_at = now(), version = c.version + 1, updated_at = now()
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.state = 'running' AND NOT EXISTS (
                SELECT FROM crm.invitation i WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(id)
                    AND i.state IN ('planned', 'sending'))
            """)
    }

    /// Where the invitations of the campaigns' present waves stand.
    static func tallies(_ tenant: Tenant.ID, _ ids: [Campaign.ID]) -> Statement<[Campaign.ID: InvitationTally]> {
        Statement<[TallyRow]>(
            "campaign.tallies",
            """
            SELECT i.campaign_id, i.state, CASE WHEN i.state = 'excluded' THEN i.reason END, count(*), count(i.sent_at),
                count(i.opened_at)
            FROM crm.invitation i JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
                AND c.wave = i.wave
            WHERE i.tenant_id = \(tenant) AND c.tenant_id = \(tenant) AND i.campaign_id = ANY (\(ids))
            GROUP BY 1, 2, 3
            """,
            all: { row in
                (
                    try row.next(), try row.next(), try row.nextIfPresent(), try row.next(), try row.next(),
                    try row.next()
                )
            }
        ).map { rows in
            rows.reduce(into: [:]) { tallies, row in tallies[row.campaign, default: InvitationTally()].add(row) }
        }
    }

    typealias TallyRow = (
        campaign: Campaign.ID, state: Invitation.State, reason: String?, count: Int, sent: Int, opened: Int
    )
}

extension InvitationTally {
    fileprivate mutating func add(_ row: CampaignStatements.TallyRow) {
        counts.total += row.count
        counts.sent += row.sent
        counts.opened += row.opened
        switch row.state {
        case .planned: counts.planned += row.count
        case .sending: counts.sending += row.count
        case .unknown: counts.unknown += row.count
        case .failed: counts.failed += row.count
        case .bounced: counts.bounced += row.count
        case .responded: counts.responded += row.count
        case .sent: break
        case .excluded:
            counts.excluded += row.count
            excludedReasons[row.reason ?? "other", default: 0] += row.count
        }
    }
}

extension Campaign.Kind: PostgresEncodable, PostgresDecodable {}
extension Campaign.State: PostgresEncodable, PostgresDecodable {}

extension Campaign {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), kind: try row.next(), state: try row.next(),
            surveyID: try row.next(), surveyVersion: try row.next(), segmentID: try row.next(),
            touchpointID: try row.nextIfPresent(),
            subject: try row.next(JSONValue<LocalizedText>.self).value,
            message: try row.next(JSONValue<LocalizedText>.self).value, expiresInDays: try row.next(),
            wave: try row.next(), launchedAt: try row.nextIfPresent(), finishedAt: try row.nextIfPresent(),
            version: try row.next(), createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension Campaign: Listed {
    public static var orders: [ListOrder<Campaign>] {
        [
            .time("created_at", "c.created_at") { $0.createdAt }, .text("name", "c.name") { $0.name },
        ]
    }
}
