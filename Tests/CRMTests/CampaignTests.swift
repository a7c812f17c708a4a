import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Campaigns")
struct CampaignTests {
    /// A segment in which every reason not to invite somebody occurs, and two customers without any.
    private static func withAudience(_ body: (Business, Campaign) async throws -> Void) async throws {
        try await Business.with { business in
            var audience = try await business.customers(2)
            audience.append(try await business.customer("Noaddress", hasEmail: false))
            let declined = try await business.customer("Declined")
            try await decline(declined, business)
            let suppressed = try await business.customer("Suppressed", email: "Away@Mail.example")
            try await business.server.run(
                """
                INSERT INTO crm.suppression (tenant_id, channel, address_key, reason)
                VALUES (\(business.tenantID), 'email', 'away@mail.example', 'bounce')
                """)
            let recent = try await business.customer("Recent")
            _ = try await business.planned("Earlier", to: [recent])
            audience += [declined, suppressed, recent]
            let segment = try await business.segment("Audience", of: audience)
            let campaign = try await business.campaign("Now", try await business.survey(), to: segment)
            try await body(business, campaign)
        }
    }

    private static func decline(_ customer: Customer, _ business: Business) async throws {
        try await business.server.run(
            """
            INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source)
            VALUES (\(business.tenantID), \(customer.id), 'email', false, 'api')
            """)
    }

    @Test func `Whom a rule describes is found out when the campaign is planned`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(3)
            try await business.refresh()
            let rule: [String: JSONNode] = [
                "field": .string("stage"), "op": .string("eq"), "value": .string("potential"),
            ]
            let segment = try await business.segments.create(
                business.context, SegmentValues(name: "New", kind: .rule, rule: .object(rule)))
            let campaign = try await business.campaign("Welcome", try await business.survey(), to: segment)
            // As a file does that is still coming in.
            try await business.server.run(
                "UPDATE crm.customer SET stage = 'lost' WHERE tenant_id = \(business.tenantID) AND id = \(customers[0].id)"
            )
            #expect(try await business.planned(campaign).ledger.counts.total == 2)
        }
    }

    @Test func `The preview tells every reason, and the plan does what the preview said`() async throws {
        try await Self.withAudience { business, campaign in
            let preview = try await business.campaigns.preview(business.context, campaign.id)
            let reasons = ["no_address": 1, "no_consent": 1, "suppressed": 1, "quarantine": 1]
            #expect(preview.audience == 6)
            #expect(preview.invited == 2)
            #expect(preview.excluded == reasons)
            #expect(Set(reasons.keys) == Set(ExclusionReason.allCases.map(\.rawValue)))

            let planned = try await business.planned(campaign)
            #expect(planned.state == .running)
            #expect(planned.ledger.counts.total == preview.audience)
            #expect(planned.ledger.counts.planned == preview.invited)
            #expect(planned.ledger.excludedReasons == preview.excluded)
        }
    }

    @Test func `A preview keeps and sends nothing`() async throws {
        try await Self.withAudience { business, campaign in
            let before = try await business.server.digests()
            _ = try await business.campaigns.preview(business.context, campaign.id)
            #expect(differences(before, try await business.server.digests()) == [])
        }
    }

    @Test func `Where consent is required, only those who gave it are invited`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(2)
            try await business.server.run(
                "UPDATE crm.tenant_setting SET consent_required = true WHERE tenant_id = \(business.tenantID)")
            try await business.server.run(
                """
                INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source)
                VALUES (\(business.tenantID), \(customers[0].id), 'email', true, 'import')
                """)
            let campaign = try await business.planned(to: customers)
            #expect(campaign.ledger.counts.planned == 1)
            #expect(campaign.ledger.excludedReasons == ["no_consent": 1])
        }
    }

    @Test func `The quarantine counts from any campaign, and ends after the tenant's days`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(1)
            let first = try await business.planned("First", to: customers)
            _ = try await withOutbox { try await business.send($0.transport()) }
            let second = try await business.planned("Second", to: customers)
            #expect(second.ledger.excludedReasons == ["quarantine": 1])

            try await business.server.run(
                "UPDATE crm.invitation SET sending_at = now() - interval '31 days' WHERE campaign_id = \(first.id)")
            let third = try await business.planned("Third", to: customers)
            #expect(third.ledger.counts.planned == 1)
            try await business.setQuarantine(days: 0)
            let fourth = try await business.planned("Fourth", to: customers)
            #expect(fourth.ledger.counts.planned == 1)
        }
    }

    @Test func `An invitation that failed before it was sent puts nobody into quarantine`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(1)
            _ = try await business.planned("First", to: customers)
            try await business.server.run("UPDATE crm.invitation SET state = 'failed', reason = 'expired'")
            #expect(try await business.planned("Second", to: customers).ledger.counts.planned == 1)
        }
    }

    @Test func `Campaigns that are planned at once never invite the same customer twice`() async throws {
        try await Business.with { business in
            let segment = try await business.segment(of: try await business.customers(40))
            let survey = try await business.survey()
            var campaigns: [Campaign] = []
            for number in 0..<4 {
                let campaign = try await business.campaign("C\(number)", survey, to: segment)
                campaigns.append(try await business.campaigns.launch(business.context, campaign.id))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for campaign in campaigns {
                    group.addTask { try await business.plan(campaign.id) }
                }
                try await group.waitForAll()
            }
            #expect(
                try await business.server.number("SELECT count(*) FROM crm.invitation WHERE state = 'planned'") == 40)
            #expect(
                try await business.server.number(
                    "SELECT count(DISTINCT customer_id) FROM crm.invitation WHERE state = 'planned'") == 40)
            #expect(try await business.server.number("SELECT count(*) FROM crm.invitation") == 160)
        }
    }

    @Test func `Planning twice writes every row and every job once`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(5))
            let before = try await business.server.digests()
            try await business.plan(campaign.id)
            #expect(differences(before, try await business.server.digests()) == [])
        }
    }

    @Test func `A planner that was ended in between goes on where it was`() async throws {
        try await Business.with { business in
            // More than one stretch of the audience.
            try await addCustomers(2_500, business)
            let everybody = try await business.segments.create(
                business.context,
                SegmentValues(
                    name: "Everybody", kind: .rule,
                    rule: .object(["field": .string("stage"), "op": .string("eq"), "value": .string("actual")])))
            let survey = try await business.survey()
            let campaign = try await business.campaign("Long", survey, to: everybody)
            _ = try await business.campaigns.launch(business.context, campaign.id)
            // The second stretch meets a row that cannot be written, as if the planner had died there.
            try await business.server.execute(
                """
                CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF (SELECT count(*) FROM crm.invitation) > 1500 THEN RAISE EXCEPTION 'died'; END IF;
                    RETURN NULL;
                END $$;
                GRANT EXECUTE ON FUNCTION public.die() TO PUBLIC;
                CREATE TRIGGER die AFTER INSERT ON crm.invitation FOR EACH STATEMENT EXECUTE FUNCTION public.die();
                """)
            await #expect(throws: PostgresError.self) {
                try await business.plan(campaign.id)
            }
            #expect(try await business.campaigns.find(business.context, campaign.id).state == .planning)
            #expect(try await business.campaigns.find(business.context, campaign.id).ledger.counts.planned == 1_000)

            try await business.server.execute("DROP TRIGGER die ON crm.invitation")
            try await business.plan(campaign.id)
            let planned = try await business.campaigns.find(business.context, campaign.id)
            #expect(planned.state == .running)
            #expect(planned.ledger.counts.planned == 2_500)
            #expect(planned.ledger.counts.total == 2_500)
            // Every invitation lies in exactly one stretch that is to be sent.
            #expect(
                try await business.server.number(
                    """
                    SELECT count(*) FROM crm.invitation i JOIN job.job j ON j.tenant_id = i.tenant_id
                        AND j.kind = 'campaign.send' AND i.id BETWEEN (j.parameters->>'first')::uuid
                        AND (j.parameters->>'last')::uuid
                    """) == 2_500)
        }
    }

    @Test func `A campaign needs a published survey and a segment that is there`() async throws {
        try await Business.with { business in
            let segment = try await business.segment(of: [])
            let draft = try await business.survey(isPublished: false)
            func pointers(_ survey: Survey.ID, _ segment: Segment.ID) async throws -> [String] {
                do {
                    _ = try await business.campaigns.create(
                        business.context,
                        NewCampaign(
                            name: "C", kind: .relationship, surveyID: survey, segmentID: segment,
                            subject: LocalizedText(["en": "S"]), message: LocalizedText(["en": "M"])))
                    return []
                } catch ServiceError.invalid(let errors) {
                    return errors.map { "\($0.pointer) \($0.code)" }
                }
            }
            #expect(try await pointers(draft.id, segment.id) == ["/survey_id not_published"])
            #expect(try await pointers(.make(), segment.id) == ["/survey_id not_published"])
            _ = try await business.surveys.publish(business.context, draft.id)
            #expect(try await pointers(draft.id, .make()) == ["/segment_id not_found"])
            #expect(try await pointers(draft.id, segment.id) == [])
        }
    }

    @Test func `A campaign is launched once, even by two at the same moment`() async throws {
        try await Business.with { business in
            let segment = try await business.segment(of: try await business.customers(1))
            let campaign = try await business.campaign("Once", try await business.survey(), to: segment)
            let launch = { @Sendable in _ = try await business.campaigns.launch(business.context, campaign.id) }
            async let first = Result(launch)
            async let second = Result(launch)
            let results = await [first, second]
            #expect(results.count { if case .success = $0 { true } else { false } } == 1)
            await #expect {
                try await launch()
            } throws: { error in
                if case ServiceError.conflict(code: "already_launched", _) = error { true } else { false }
            }
            #expect(try await business.server.number("SELECT count(*) FROM job.job WHERE kind = 'campaign.plan'") == 1)
        }
    }

    @Test func `A campaign keeps the survey's version that was newest when it was made`() async throws {
        try await Business.with { business in
            let survey = try await business.survey()
            let segment = try await business.segment(of: [])
            let campaign = try await business.campaign("First", survey, to: segment)
            _ = try await business.surveys.update(business.context, survey.id, ifVersion: nil) { old in
                var content = old.content
                content.title.texts["en"] = "Changed"
                return (old.name, content)
            }
            _ = try await business.surveys.publish(business.context, survey.id)
            #expect(try await business.campaigns.find(business.context, campaign.id).surveyVersion == 1)
            #expect(try await business.campaign("Second", survey, to: segment).surveyVersion == 2)
        }
    }

    @Test func `A campaign without anybody to invite finishes at once`() async throws {
        try await Business.with { business in
            let nobody = try await business.customer("Nobody", hasEmail: false)
            let campaign = try await business.planned(to: [nobody])
            #expect(campaign.state == .finished)
            #expect(campaign.ledger.excludedReasons == ["no_address": 1])
        }
    }

    @Test func `A campaign whose sending jobs were cancelled ends, and what was not sent is excluded`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(2))
            #expect(campaign.state == .running)
            let cancelled = try await business.server.run(
                """
                SELECT job.cancel(array_agg(tenant_id), array_agg(id)) FROM job.job WHERE kind = 'campaign.send'
                """)
            #expect(cancelled == 1)
            try await business.planner.finish(business.context, campaign.id)
            let ended = try await business.campaigns.find(business.context, campaign.id)
            #expect(ended.state == .finished)
            #expect(ended.ledger.excludedReasons == ["cancelled": 2])
        }
    }

    private func addCustomers(_ count: Int, _ business: Business) async throws {
        try await business.server.run(
            """
            WITH made AS (
                INSERT INTO crm.customer (tenant_id, id, name, stage)
                SELECT \(business.tenantID), gen_random_uuid(), 'Customer ' || n, 'actual' FROM generate_series(1, \(count)) AS n
                RETURNING id
            )
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT \(business.tenantID), gen_random_uuid(), made.id, 'email', made.id || '@mail.example', true FROM made
            """)
    }
}
