import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Row level security keeps conditions out of an index that PostgreSQL does not trust; hot statements must not suffer from it.
@Suite("Index use")
struct IndexUseTests {
    /// Expects that the plan enters the index with all of the columns.
    func expect(
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
            try await orders(large)
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
        filter = CustomerFilter()
        // Of nearly everybody, each is asked for; of a few, they are found by the segment.
        for (segment, key) in [(filled.manualSegment, "customer_id = "), (filled.ruleSegment, "segment_id = ")] {
            filter.segment = segment.id
            let page = try await large.plan(of: CustomerStatements.list(tenant, filter, PageRequest()).sql)
            let piece = try await large.plan(
                of: ExportStatements.customers(tenant, filter, after: filled.customer.id, limit: 100).sql)
            expect(page, "segment_member_", ["tenant_id = ", key])
            expect(piece, "segment_member_", ["tenant_id = ", "customer_id "])
            expect(piece, " customer_", ["tenant_id = ", "(id > "])
        }
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

    private func orders(_ large: LargeBusiness) async throws {
        let filled = large.filled
        let tenant = filled.business.context.tenantID
        var page = try PageRequest<Order>()
        page.after = .init(key: .time(Date(timeIntervalSinceNow: -3600 * 24)), id: UUID())
        let last = ExportedOrder.Position(happenedAt: Date(timeIntervalSinceNow: -3600 * 48), id: .make())
        func plans(_ filter: OrderFilter) async throws -> [LargeBusiness.Plan] {
            [
                try await large.plan(of: OrderStatements.list(tenant, filter, page).sql),
                try await large.plan(of: ExportStatements.orders(tenant, filter, after: last, limit: 100).sql),
            ]
        }
        var filter = OrderFilter()
        filter.channels = [.web]
        for filter in [OrderFilter(), filter] {
            for plan in try await plans(filter) {
                expect(plan, "customer_order_day_idx", ["tenant_id = ", "ROW(happened_at, id)"])
                #expect(!plan.sorts(by: "happened_at"), "\(plan)")
            }
        }
        filter = OrderFilter()
        filter.customer = filled.customer.id
        for plan in try await plans(filter) {
            expect(plan, "customer_order_", ["tenant_id = ", "customer_id = "])
        }
        filter = OrderFilter()
        filter.department = filled.department.id
        for plan in try await plans(filter) {
            expect(plan, "customer_order_department_idx", ["tenant_id = ", "department_id = "])
        }
        filter = OrderFilter()
        filter.touchpoint = filled.touchpoint.id
        for plan in try await plans(filter) {
            expect(plan, "customer_order_touchpoint_idx", ["tenant_id = ", "touchpoint_id = "])
        }
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
}
