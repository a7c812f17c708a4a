import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Where things happened on the journey: orders and surveys, too, are some department's.
@Suite("Touchpoints")
struct TouchpointTests {
    private struct Place {
        let touchpoint: String
        let department: String
    }

    private static func place(_ fixture: HTTPFixture) async throws -> Place {
        let api = fixture.api
        let department = try await fixture.business.record(DepartmentValues(name: "Delivery")).id.description
        let stage = try await api.post("/v1/journey-stages", #"{"name": "Purchase", "position": 1}"#).text("id")
        let touchpoint = try await api.post(
            "/v1/touchpoints",
            """
            {"name": "The parcel arrives", "position": 1, "stage_id": "\(try #require(stage))", "is_moment_of_truth": true,
             "department_id": "\(department)"}
            """)
        #expect(try touchpoint.status == 201 && touchpoint.value("is_moment_of_truth") == .bool(true))
        return Place(touchpoint: try #require(try touchpoint.text("id")), department: department)
    }

    @Test func `An order says where it was taken, and is found by it in timelines`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let place = try await Self.place(fixture)
            let other = try await fixture.business.record(DepartmentValues(name: "Shop")).id
            let customer = try await fixture.business.customer("Ada").id
            let made = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-01-02", "amount": "5", "channel": "web",
                 "department_id": "\(place.department)", "touchpoint_id": "\(place.touchpoint)"}
                """)
            #expect(made.status == 201, "\(made)")
            #expect(try made.text("channel") == "web" && made.text("touchpoint_id") == place.touchpoint)
            let id = try #require(try made.text("id"))
            let path = "/v1/customers/\(customer)/timeline?filter[kind]=order"
            for (filter, count) in [
                ("department_id]=\(place.department)", 1), ("touchpoint_id]=\(place.touchpoint)", 1),
                ("department_id]=\(other)", 0),
            ] {
                let found = try await api.get("\(path)&filter[\(filter)")
                #expect(try found.ids() == [id].filter { _ in count == 1 }, "\(filter)")
            }
            let shown = try await api.get(path)
            #expect(try shown.text("data/0/department_id") == place.department)
            #expect(try shown.text("data/0/channel") == "web")
            let moved = try await api.patch(
                "/v1/orders/\(id)", #"{"department_id": "\#(other)", "touchpoint_id": null, "channel": null}"#)
            #expect(try moved.text("department_id") == other.description && moved.text("channel") == nil)
            let lost = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-01-02", "amount": "5", "department_id": "\(UUID())",
                 "touchpoint_id": "\(UUID())"}
                """)
            #expect(try Set(lost.errors()) == ["/department_id not_found", "/touchpoint_id not_found"])
        }
    }

    @Test func `A transactional survey asks after a touchpoint, and its answers stand there`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let place = try await Self.place(fixture)
            let customer = try await business.customer("Ada")
            let segment = try await business.segment("All", of: [customer])
            let survey = try await business.survey()
            func body(_ name: String, _ kind: String, _ touchpoint: String) -> String {
                """
                {"name": "\(name)", "kind": "\(kind)", "survey_id": "\(survey.id)", "segment_id": "\(segment.id)",
                 "touchpoint_id": "\(touchpoint)", "subject": {"en": "One question"}, "message": {"en": "A minute."}}
                """
            }
            let whole = try await api.post("/v1/campaigns", body("A", "relationship", place.touchpoint))
            #expect(try whole.errors() == ["/touchpoint_id not_allowed"])
            let nowhere = try await api.post("/v1/campaigns", body("B", "transactional", UUID().uuidString))
            #expect(try nowhere.errors() == ["/touchpoint_id not_found"])
            let made = try await api.post("/v1/campaigns", body("C", "transactional", place.touchpoint))
            #expect(try made.status == 201 && made.text("touchpoint_id") == place.touchpoint, "\(made)")
            let campaign = try #require(try made.text("id"))
            #expect(try await api.get("/v1/campaigns/\(campaign)").text("touchpoint_id") == place.touchpoint)
            #expect(try await api.delete("/v1/touchpoints/\(place.touchpoint)").text("code") == "in_use")

            let (tenant, invitation, response) = (business.tenantID, UUID(), UUID())
            try await business.server.run(
                """
                INSERT INTO crm.invitation
                    (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state, expires_at)
                VALUES (\(tenant), \(invitation), \(campaign)::text::uuid, 1, \(segment.id), \(customer.id), 'en', 'a@b.example',
                    'responded', now())
                """)
            try await business.server.run(
                """
                INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                    metric, customer_id, language)
                VALUES (\(tenant), \(response), \(invitation), \(campaign)::text::uuid, \(segment.id), \(survey.id), 1, 'nps',
                    \(customer.id), 'en')
                """)
            let path = "/v1/customers/\(customer.id)/timeline"
            for filter in ["department_id]=\(place.department)", "touchpoint_id]=\(place.touchpoint)"] {
                let found = try await api.get("\(path)?filter[\(filter)")
                #expect(try found.ids() == [response.uuidString.lowercased()], "\(filter)")
                #expect(try found.text("data/0/touchpoint_id") == place.touchpoint)
                #expect(try found.text("data/0/department_id") == place.department)
            }
        }
    }
}
