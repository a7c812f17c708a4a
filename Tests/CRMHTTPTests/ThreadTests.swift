import CRM
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// The main job through the interface alone, over a real connection.
@Suite("The whole thread over HTTP")
struct ThreadTests {
    private func id(_ answer: Answer, _ location: SourceLocation = #_sourceLocation) throws -> String {
        #expect((200..<300).contains(answer.status), "\(answer.body)", sourceLocation: location)
        return try #require(try answer.text("id"), sourceLocation: location)
    }

    @Test func `A business imports customers, plans for them, surveys them, hears them and sees its score`()
        async throws
    {
        try await HTTPFixture.with(isLive: true) { fixture in
            let api = fixture.api
            let rows = (1...6).map { "\($0),Customer \($0),c\($0)@mail.example,\($0 % 2 == 0 ? "fa" : "en")" }
            let file = "reference,name,email,language\n" + rows.joined(separator: "\n") + "\n7,Silent,,en\n"
            let customers = try await fixture.upload(.customers, file)
            #expect(try customers.number("created") == 7)
            let orders =
                "customer_ref,ordered_on,amount,order_ref\n"
                + (1...7).map { "\($0),2026-01-0\($0),10,O\($0)\n" }.joined()
            let bought = try await fixture.upload(.orders, orders)
            #expect(try bought.number("created") == 7)

            try await withOutbox { outbox in
                try await withHandlers(on: fixture.business.server, transport: outbox.transport()) { _ in
                    let rule = #"{"field": "orders.count", "op": "gte", "value": 1}"#
                    let segment = try id(
                        try await api.post("/v1/segments", #"{"name": "Buyers", "kind": "rule", "rule": \#(rule)}"#))
                    try await eventually { try await api.get("/v1/segments/\(segment)").number("member_count") == 7 }
                    #expect(try await api.get("/v1/segments/\(segment)/members").ids().count == 7)
                    let plan = try await api.post(
                        "/v1/plans", #"{"name": "P", "segment_id": "\#(segment)", "elements": \#(Probe.elements)}"#)
                    #expect(try plan.number("revision") == 1)
                    let revised = try await api.patch("/v1/plans/\(try id(plan))", #"{"objectives": ["Listen"]}"#)
                    #expect(try revised.number("revision") == 2)

                    let campaign = try await launched(to: segment, api)
                    try await eventually(within: .seconds(20)) {
                        try await api.get("/v1/campaigns/\(campaign)").text("state") == "finished"
                    }
                    let sent = try await api.get("/v1/campaigns/\(campaign)")
                    #expect(try sent.number("invitations/sent") == 6 && sent.number("invitations/total") == 7)
                    #expect(try sent.number("excluded_reasons/no_address") == 1)
                    #expect(
                        try await api.get("/v1/campaigns/\(campaign)/invitations?filter[state]=sent").ids().count == 6)

                    for (number, letter) in try outbox.letters().enumerated() {
                        let answer = try await api.send(
                            TestRequest(
                                .post, "/s/\(letter.token)", "score=\([10, 10, 9, 8, 7, 0][number])&comment=Hm",
                                type: "application/x-www-form-urlencoded"))
                        #expect(answer.status == 303)
                    }
                    try await eventually {
                        let scores = try await api.get("/v1/scores?metric=nps&scope=tenant")
                        return try scores.number("data/0/n") == 6 && scores.number("data/0/sent") == 6
                    }
                    let score = try await api.get("/v1/scores?metric=nps&scope=campaign&scope_key=\(campaign)")
                    #expect(try score.number("data/0/promoters") == 3 && score.number("data/0/detractors") == 1)
                    #expect(try score.value("data/0/withheld") == .bool(false))
                    let responses = try await api.get(
                        "/v1/responses?filter[campaign_id]=\(campaign)&filter[has_comment]=true")
                    #expect(try responses.ids().count == 6)
                }
            }
        }
    }

    private func launched(to segment: String, _ api: TestAPI) async throws -> String {
        let survey = try id(
            try await api.post(
                "/v1/surveys",
                """
                {"name": "NPS", "metric": "nps", "default_language": "fa", "title": {"fa": "ع", "en": "T"},
                 "questions": [{"id": "score", "kind": "nps", "text": {"fa": "؟", "en": "?"}, "required": true},
                    {"id": "comment", "kind": "text", "text": {"fa": "چرا؟", "en": "Why?"}, "required": false}]}
                """))
        #expect(try await api.post("/v1/surveys/\(survey)/publish").number("published_version") == 1)
        let campaign = try await api.post(
            "/v1/campaigns",
            """
            {"name": "C", "kind": "relationship", "survey_id": "\(survey)", "segment_id": "\(segment)",
             "subject": {"fa": "نظر", "en": "Opinion"}, "message": {"fa": "سلام", "en": "Hello"}, "expires_in_days": 30}
            """)
        #expect(try campaign.text("state") == "draft")
        let place = "/v1/campaigns/\(try id(campaign))"
        let preview = try await api.post("\(place)/preview")
        #expect(try preview.number("audience") == 7 && preview.number("invited") == 6)
        #expect(try preview.number("excluded/no_address") == 1)
        let launched = try await api.post("\(place)/launch")
        #expect(launched.status == 202)
        #expect(try launched.text("state") == "planning")
        #expect(try await api.post("\(place)/launch").status == 409)
        return try id(campaign)
    }
}
