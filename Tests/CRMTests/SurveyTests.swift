import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Surveys")
struct SurveyTests {
    @Test func `Publishing makes a version that later changes of the draft do not touch`() async throws {
        try await Business.with { business in
            let survey = try await business.survey()
            #expect(survey.publishedVersion == 1)
            let changed = try await business.surveys.update(business.context, survey.id, ifVersion: nil) { old in
                var content = old.content
                content.title.texts["en"] = "Changed"
                return (old.name, content)
            }
            #expect(changed.publishedVersion == 1)
            let published = try await business.surveys.publish(business.context, survey.id)
            #expect(published.publishedVersion == 2)
            #expect(
                try await business.server.texts(
                    "SELECT version || ' ' || (content->'title'->>'en') FROM crm.survey_version ORDER BY version")
                    == ["1 Survey", "2 Changed"])
        }
    }

    @Test func `Publishing a draft without changes stays the version that it is`() async throws {
        try await Business.with { business in
            let survey = try await business.survey()
            let again = try await business.surveys.publish(business.context, survey.id)
            #expect(again.publishedVersion == 1 && again.version == survey.version)
            #expect(try await business.server.number("SELECT count(*) FROM crm.survey_version") == 1)
        }
    }

    @Test func `Two that publish at once make one version`() async throws {
        try await Business.with { business in
            let survey = try await business.survey(isPublished: false)
            async let first = business.surveys.publish(business.context, survey.id)
            async let second = business.surveys.publish(business.context, survey.id)
            #expect(try await [first.publishedVersion, second.publishedVersion] == [1, 1])
        }
    }

    @Test func `The application cannot change or remove a published version`() async throws {
        try await Business.with { business in
            _ = try await business.survey()
            for command in ["UPDATE crm.survey_version SET version = 9", "DELETE FROM crm.survey_version"] {
                await #expect {
                    try await Connection.with(business.server.configuration(user: "mehvar_app")) { connection in
                        try await connection.execute(
                            script: "BEGIN; SELECT crm.set_tenant('\(business.tenantID)'); \(command)", name: "test")
                    }
                } throws: { error in
                    (error as? PostgresError)?.state == .insufficientPrivilege
                }
            }
        }
    }

    @Test func `A survey must ask what its metric is computed from`() async throws {
        try await Business.with { business in
            await #expect {
                _ = try await business.survey(metric: .csat, kind: .nps)
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                return errors.map { "\($0.pointer) \($0.code)" } == ["/questions metric"]
            }
        }
    }

    @Test func `Missing languages, doubled and malformed ids are told at once`() async throws {
        try await Business.with { business in
            let words = LocalizedText(["en": "Words"])
            let content = SurveyContent(
                defaultLanguage: "de", title: LocalizedText(["en": "T", "fa": "ع"]),
                questions: [
                    SurveyQuestion(id: "score", kind: .nps, text: words, required: true),
                    SurveyQuestion(id: "score", kind: .text, text: words, required: false),
                    SurveyQuestion(
                        id: "1st", kind: .text, text: LocalizedText(["en": "E", "fa": " "]), required: false),
                ])
            await #expect {
                _ = try await business.surveys.create(
                    business.context, NewSurvey(name: "S", metric: .nps, content: content))
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                return errors.map { "\($0.pointer) \($0.code)" } == [
                    "/default_language unknown", "/questions/0/text/fa required", "/questions/1/id duplicate",
                    "/questions/1/text/fa required", "/questions/2/id invalid", "/questions/2/text/fa length",
                ]
            }
        }
    }
}
