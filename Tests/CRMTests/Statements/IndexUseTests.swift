import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Row level security keeps conditions out of an index that PostgreSQL does not trust; hot statements must not suffer from it.
@Suite("Index use")
struct IndexUseTests {
    /// Expects that the plan enters the index with all of the columns.
    private func expect(
        _ plan: LargeBusiness.Plan, _ index: String, _ columns: [String], _ location: SourceLocation = #_sourceLocation
    ) {
        let conditions = plan.conditions(of: index)
        #expect(
            conditions.contains { condition in columns.allSatisfy { condition.contains($0) } },
            "\(index) with \(columns):\n\(plan)", sourceLocation: location)
        #expect(!plan.scansTable, "\(plan)", sourceLocation: location)
    }

    @Test func `Hot statements enter their indexes with their keys`() async throws {
        try await withMigratedDatabase { server in
            let large = try await LargeBusiness(in: server)
            try await customers(large)
            try await timelines(large)
            try await secrets(large)
            try await campaigns(large)
            try await answers(large)
            try await duplicates(large)
        }
    }

    private func customers(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        let found = try await large.plan(of: CustomerStatements.find(tenant, filled.customer.id).sql)
        // By its primary key, or by the smaller index of those who are there.
        expect(found, "customer_", ["tenant_id = ", "id = "])
        expect(found, "contact_point_customer_key", ["tenant_id = ", "customer_id = "])

        for isDescending in [false, true] {
            var page = try PageRequest<Customer>(isDescending: isDescending)
            let first = try await large.plan(of: CustomerStatements.list(tenant, CustomerFilter(), page).sql)
            expect(first, "customer_created_idx", ["tenant_id = "])
            #expect(!first.sorts(by: "created_at"), "\(first)")
            page.after = .init(key: .time(Date(timeIntervalSinceNow: -3600 * 24)), id: UUID())
            let next = try await large.plan(of: CustomerStatements.list(tenant, CustomerFilter(), page).sql)
            expect(next, "customer_created_idx", ["tenant_id = ", "ROW(created_at, id)"])
            #expect(!next.sorts(by: "created_at"), "\(next)")
        }
        var filter = CustomerFilter()
        filter.references = ["L17", "L99"]
        let referenced = try await large.plan(of: CustomerStatements.list(tenant, filter, PageRequest()).sql)
        expect(referenced, "customer_reference_key", ["tenant_id = ", "reference = ANY"])

        let members = try await large.plan(
            of: CustomerStatements.members(tenant, of: filled.ruleSegment.id, PageRequest()).sql)
        expect(members, "segment_member_pkey", ["tenant_id = ", "segment_id = "])
        try await segments(large)
    }

    /// A change of a few customers asks every rule, and must not read all customers for it.
    private func segments(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let terms = SegmentQuery.Terms(
            tenant: filled.business.context.tenantID, zone: .gmt, today: LocalDay.day(of: Date(), in: .gmt),
            currency: "IRR")
        func comparison(_ field: String, _ comparator: String, _ value: JSONNode, _ days: Int? = nil) -> JSONNode {
            var members: [String: JSONNode] = ["field": .string(field), "op": .string(comparator), "value": value]
            members["last_days"] = days.map { .number(Decimal($0)) }
            return .object(members)
        }
        let rule = try SegmentRule(
            .object([
                "any": .array([
                    comparison("stage", "eq", .string("actual")), comparison("orders.amount", "gte", .number(5)),
                    comparison("orders.count", "gte", .number(5), 30), comparison("channels", "ne", .string("email")),
                    comparison("interactions.count", "gte", .number(5), 30),
                    comparison("segments", "eq", .string(filled.manualSegment.id.description)),
                    comparison("consents", "eq", .string("email")),
                ])
            ]))
        let evaluated = EvaluatedRule(id: filled.ruleSegment.id, rule: rule)
        let some = try await large.plan(
            of: EvaluationStatements.evaluate(terms, evaluated, [filled.customer.id]).sql)
        expect(some, "customer_", ["tenant_id = ", "id = "])
        expect(some, "customer_order_", ["tenant_id = ", "customer_id = "])
        expect(some, "interaction_", ["tenant_id = ", "customer_id = "])
        expect(some, "contact_point_", ["tenant_id = ", "customer_id = "])
        expect(some, "segment_member_", ["tenant_id = ", "customer_id = "])
        expect(some, "customer_summary_pkey", ["tenant_id = ", "customer_id = "])
        try await summary(large)
    }

    /// What plans inside of functions do is told by the rows that they read: some of each customer, and not one of each other.
    private func summary(_ large: LargeBusiness) async throws {
        let pool = Pool(large.server.configuration(user: "mehvar_app", maximumConnections: 1))
        defer { pool.close() }
        let tenant = large.filled.business.context.tenantID
        let some = Statement<[Customer.ID]>(
            "test.some",
            """
            SELECT id FROM crm.customer WHERE tenant_id = \(tenant) AND deleted_at IS NULL AND reference LIKE 'L%'
            ORDER BY reference LIMIT 100
            """, all: { try $0.next() })
        func reads(_ table: String) -> Statement<Int> {
            Statement<Int>(
                "test.reads",
                """
                SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
                WHERE relid = \(table)::text::regclass
                """, one: { try $0.next() })
        }
        let customers = try await pool.pipeline(prelude: [.setTenant(tenant)], some)
        let (_, count, summaries) = try await pool.pipeline(
            prelude: [.setTenant(tenant)], EvaluationStatements.summarise(tenant, currency: "IRR", customers),
            reads("crm.customer"), reads("crm.customer_summary"))
        #expect((1...1000).contains(count), "\(count) customers read")
        #expect((1...1000).contains(summaries), "\(summaries) summaries read")
    }

    private func timelines(_ large: LargeBusiness) async throws {
        let (tenant, customer) = (large.filled.business.context.tenantID, large.filled.customer.id)
        var page = try PageRequest<TimelineEntry>()
        page.after = .init(key: .time(Date()), id: UUID())
        let all = try await large.plan(of: TimelineStatements.list(tenant, of: customer, TimelineFilter(), page).sql)
        for (index, time) in [
            ("interaction_customer_idx", "happened_at"), ("customer_order_timeline_idx", "happened_at"),
            ("response_customer_idx", "submitted_at"), ("stage_change_customer_idx", "changed_at"),
            ("consent_record_given_idx", "given_at"), ("invitation_timeline_idx", "sent_at"),
        ] {
            expect(all, index, ["tenant_id = ", "customer_id = ", "ROW(\(time), id)"])
        }
        expect(all, "customer_order_returned_idx", ["tenant_id = ", "customer_id = "])
        expect(all, "order_return_order_idx", ["tenant_id = ", "order_id = "])
        // From the customer's memberships on, and not from all segments of the business.
        let segments = try await large.plan(of: OverviewStatements.segments(tenant, customer).sql)
        let stays = try await large.plan(of: SegmentMemberStatements.stays(tenant, of: customer, PageRequest()).sql)
        for plan in [segments, stays] {
            expect(plan, "segment_member_customer_idx", ["tenant_id = ", "customer_id = "])
        }
        var filter = CustomerFilter()
        filter.tags = ["tag 17"]
        let tagged = try await large.plan(of: CustomerStatements.list(tenant, filter, PageRequest()).sql)
        expect(tagged, "customer_tag_", ["tenant_id = ", "tag = "])
        filter = CustomerFilter()
        filter.externalReference = ("shop", "1")
        let referenced = try await large.plan(of: CustomerStatements.list(tenant, filter, PageRequest()).sql)
        expect(referenced, "customer_reference_pkey", ["tenant_id = ", "system = ", "reference = "])
    }

    private func duplicates(_ large: LargeBusiness) async throws {
        let (tenant, customer) = (large.filled.business.context.tenantID, large.filled.customer.id)
        var page = try PageRequest<Duplicate>()
        page.after = .init(key: .number(80), id: UUID())
        var filter = DuplicateFilter()
        filter.minimumScore = 60
        let queue = try await large.plan(of: DuplicateStatements.list(tenant, filter, page).sql)
        expect(queue, "duplicate_score_idx", ["tenant_id = ", "state = ", "score >= ", "ROW(score, id)"])
        #expect(!queue.sorts(by: "score"), "\(queue)")
        let next = try await large.plan(
            of: DuplicateStatements.likely(tenant, 90, after: (95, .make()), limit: 1).sql)
        expect(next, "duplicate_score_idx", ["tenant_id = ", "state = ", "score >= ", "ROW(score, id)"])
        filter.customer = customer
        let own = try await large.plan(of: DuplicateStatements.list(tenant, filter, PageRequest()).sql)
        expect(own, "duplicate_pair_key", ["tenant_id = ", "first_id = "])
        expect(own, "duplicate_second_idx", ["tenant_id = ", "second_id = "])
        let walk = try await large.plan(
            of: DuplicateStatements.customers(tenant, after: customer.rawValue, limit: 100).sql)
        expect(walk, "customer_", ["tenant_id = ", "id > "])
        let pair = (large.filled.merge.survivorID, large.filled.merge.mergedID)
        let closed = try await large.plan(
            of: DuplicateStatements.close([pair.1], into: pair.0, by: large.filled.business.context).sql)
        // By both customers, or by the smaller index of the second.
        expect(closed, "duplicate_", ["tenant_id = ", "second_id = "])
        let (run, merge) = (large.filled.mergingRun.id, large.filled.merge.id)
        let newest = try await large.plan(of: MergeStatements.newest(tenant, of: run, before: merge).sql)
        expect(newest, "merge_run_idx", ["tenant_id = ", "run_id = ", "ROW(created_at, id)"])
        #expect(!newest.sorts(by: "created_at"), "\(newest)")
        var merges = MergeFilter()
        merges.run = run
        let ofRun = try await large.plan(of: MergeStatements.list(tenant, merges, PageRequest()).sql)
        expect(ofRun, "merge_run_idx", ["tenant_id = ", "run_id = "])
        #expect(!ofRun.sorts(by: "created_at"), "\(ofRun)")
    }

    private func secrets(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        let key = try await large.plan(of: APIKeyStatements.authenticate(.make(for: tenant)).sql)
        expect(key, "api_key_hash_key", ["tenant_id = ", "hash = "])
        expect(key, "api_key_previous_hash_key", ["tenant_id = ", "previous_hash = "])
        let live = try await large.plan(of: SessionStatements.live(tenant, .make()).sql)
        expect(live, "session_pkey", ["tenant_id = ", "id = "])
        let refreshed = try await large.plan(of: SessionStatements.lockRefreshable(.make(for: tenant)).sql)
        expect(refreshed, "token_pkey", ["tenant_id = ", "hash = "])
        let candidate = try await large.plan(of: SessionStatements.candidate(tenant, email: "a@team.example").sql)
        expect(candidate, "member_email_key", ["tenant_id = ", "email_key = "])
        let log = try await large.plan(of: AuditStatements.list(tenant, AuditFilter(), PageRequest()).sql)
        expect(log, "event_occurred_idx", ["tenant_id = "])
        #expect(!log.sorts(by: "occurred_at"), "\(log)")
        var one = AuditFilter()
        one.objectID = filled.customer.id.rawValue
        one.objectKinds = ["customer"]
        let history = try await large.plan(of: AuditStatements.list(tenant, one, PageRequest()).sql)
        expect(history, "event_object_idx", ["tenant_id = ", "object_id = "])

        let link = try await large.plan(of: RespondentStatements.resolve(filled.unanswered).sql)
        expect(link, "token_pkey", ["tenant_id = ", "hash = "])
        expect(link, "invitation_pkey", ["tenant_id = ", "id = "])
        expect(link, "response_invitation_key", ["tenant_id = ", "invitation_id = "])
        let opened = try await large.plan(of: RespondentStatements.markOpened(filled.unanswered).sql)
        expect(opened, "token_pkey", ["tenant_id = ", "hash = "])
        expect(opened, "invitation_pkey", ["tenant_id = ", "id = "])
    }

    private func campaigns(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        let ids = try await large.server.texts(
            """
            SELECT i.id::text FROM crm.invitation i WHERE i.tenant_id = \(tenant) AND i.campaign_id = \(filled.draft.id)
                AND i.state = 'planned' ORDER BY i.id LIMIT 100
            """
        ).compactMap { Invitation.ID($0) }
        let (first, last) = (try #require(ids.first), try #require(ids.last))
        let pending = try await large.plan(
            of: InvitationStatements.pending(tenant, filled.draft.id, from: first, to: last).sql)
        expect(pending, "invitation_open_idx", ["tenant_id = ", "campaign_id = ", "id >= ", "id <= "])
        let marked = try await large.plan(of: InvitationStatements.markSending(tenant, Array(ids.prefix(20))).sql)
        expect(marked, "invitation_pkey", ["tenant_id = ", "id = ANY"])

        let candidates = try await large.plan(
            of: AudienceStatements.candidates(tenant, filled.manualSegment.id, after: filled.customer.id, limit: 100)
                .sql)
        expect(candidates, "segment_member_pkey", ["tenant_id = ", "segment_id = ", "customer_id > "])
        // By the primary key, or by the smaller index of those who are there.
        expect(candidates, "customer_", ["tenant_id = ", "(id "])
        expect(candidates, "contact_point_", ["tenant_id = ", "customer_id = "])
        expect(candidates, "invitation_quarantine_idx", ["tenant_id = ", "recipient_id = "])
        // All of the tenant's at once into a hash, or one by one.
        expect(candidates, "suppression_pkey", ["tenant_id = ", "channel = "])
    }

    private func answers(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        var page = try PageRequest<Response>(isDescending: true)
        page.after = .init(key: .time(Date(timeIntervalSinceNow: -3600 * 24 * 30)), id: UUID())
        let all = try await large.plan(
            of: ResponseStatements.list(tenant, campaign: nil, onlyWithComment: false, page).sql)
        expect(all, "response_submitted_idx", ["tenant_id = ", "ROW(submitted_at, id)"])
        expect(all, "answer_pkey", ["tenant_id = ", "response_id = "])
        #expect(!all.sorts(by: "submitted_at"), "\(all)")
        let some = try await large.plan(
            of: ResponseStatements.list(tenant, campaign: filled.draft.id, onlyWithComment: false, page).sql)
        expect(some, "response_campaign_idx", ["tenant_id = ", "campaign_id = "])
        #expect(!some.sorts(by: "submitted_at"), "\(some)")

        let tallies = try await large.plan(
            of: ScoreStatements.tallies(tenant, .nps, .tenant, key: nil, from: nil, to: nil).sql)
        expect(tallies, "score_day_pkey", ["tenant_id = ", "metric = ", "scope = "])
    }
}
