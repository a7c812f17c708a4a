import Foundation
import JobQueue
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var respondents: [CatalogueGroup] {
        get throws {
            let (answered, unanswered) = (filled.answered, filled.unanswered)
            let response = Response.ID.make()
            let answers = [
                Answer(questionID: "score", kind: .nps, score: 9, text: nil),
                Answer(questionID: "comment", kind: .text, score: nil, text: "Words"),
            ]
            let content = filled.survey.content
            let invitation = ResolvedInvitation(
                id: invitations[0], campaignID: filled.campaign.id, segmentID: filled.manualSegment.id,
                customerID: filled.customer.id.rawValue, memberID: nil, language: "fa", expiresAt: Date(),
                surveyID: filled.survey.id, surveyVersion: 1, metric: .nps, content: content, tenantName: "T",
                tenantState: .active, timeZone: .gmt, unrecordedSending: nil, submittedAt: nil, now: Date())
            let newest = Statement<Int>(
                "test.response",
                """
                INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                    metric, language)
                VALUES (\(tenant), \(response), \(invitations[1]), \(filled.campaign.id), \(filled.manualSegment.id),
                    \(filled.survey.id), 1, 'nps', 'fa')
                """)
            return [
                CatalogueGroup([
                    CatalogueEntry(RespondentStatements.resolve(answered)),
                    CatalogueEntry(RespondentStatements.answers(answered)),
                    CatalogueEntry(RespondentStatements.markOpened(unanswered)),
                    CatalogueEntry(RespondentStatements.upsert(tenant, invitation, language: "en")),
                    CatalogueEntry(newest),
                    CatalogueEntry(RespondentStatements.insertAnswers(tenant, response, answers)),
                    CatalogueEntry(RespondentStatements.survivor(tenant, of: filled.customer.id.rawValue)),
                    CatalogueEntry(RespondentStatements.deleteAnswers(tenant, response)),
                    CatalogueEntry(RespondentStatements.markResponded(tenant, invitations[1])),
                    CatalogueEntry(RespondentStatements.suppressAddress(tenant, invitations[0])),
                ]),
                CatalogueGroup(
                    try pages {
                        ResponseStatements.list(tenant, campaign: nil, onlyWithComment: false, $0)
                    }
                        + pages {
                            ResponseStatements.list(tenant, campaign: filled.campaign.id, onlyWithComment: true, $0)
                        }),
            ]
        }
    }

    var scores: [CatalogueGroup] {
        let (from, to) = (LocalDate("2020-01-01"), LocalDate("2099-12-31"))
        return [
            CatalogueGroup([
                CatalogueEntry(ScoreStatements.tallies(tenant, .nps, .tenant, key: nil, from: nil, to: nil)),
                CatalogueEntry(ScoreStatements.tallies(tenant, .nps, .language, key: "fa", from: from, to: to)),
                CatalogueEntry(
                    ScoreStatements.recompute(tenant, LocalDay.day(of: Date(), in: .gmt), zone: "Asia/Tehran")),
                CatalogueEntry(ScoreStatements.names(tenant)),
            ])
        ]
    }
}
