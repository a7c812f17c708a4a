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

    var imports: [CatalogueGroup] { [preparedImport, customerImport, orderImport] }

    private var preparedImport: CatalogueGroup {
        let report = ImportReport(id: .make(), kind: .orders, rows: 3, created: 1, updated: 1)
        let digest = Bytes([1, 2, 3])
        return CatalogueGroup([
            CatalogueEntry(ImportStatements.prepare(ImportLimits())), CatalogueEntry(ImportStatements.plan(rows: 2000)),
            CatalogueEntry(ImportStatements.lock(tenant)),
            CatalogueEntry(ImportStatements.record(tenant, report, digest: digest, hasReferences: false)),
            CatalogueEntry(ImportStatements.find(tenant, report.id)),
            CatalogueEntry(ImportStatements.earlier(tenant, .orders, digest: digest)),
        ])
    }

    private var customerImport: CatalogueGroup {
        // Two rows of a new customer, and one that changes a customer who is there.
        let staged = Statement<Int>(
            "test.stage",
            """
            INSERT INTO pg_temp.import_customer (row_number, id, reference, name, stage, email_id, email, phone_id, phone, consent)
            VALUES (2, \(UUID()), 'N1', 'New', NULL, \(UUID()), 'new@b.example', \(UUID()), '+98 21 123456', true),
                (3, \(UUID()), '0001', 'Changed', 'lost', \(UUID()), 'changed@b.example', \(UUID()), '+98 21 654321', false)
            """)
        let doubled = Statement<Int>(
            "test.double",
            """
            INSERT INTO pg_temp.import_customer (row_number, id, reference, name) VALUES (4, \(UUID()), 'N1', 'Again')
            """)
        let single = Statement<Int>("test.single", "DELETE FROM pg_temp.import_customer WHERE row_number = 4")
        typealias Statements = CustomerImportStatements
        return CatalogueGroup([
            CatalogueEntry(Statements.createStaging), CatalogueEntry(Statements.createChanges), CatalogueEntry(staged),
            CatalogueEntry(doubled), CatalogueEntry(Statements.analyze),
            CatalogueEntry(Statements.duplicates(limit: 10)), CatalogueEntry(single),
            CatalogueEntry(Statements.insert(tenant, .make(), language: "fa")),
            CatalogueEntry(ImportStatements.customers(tenant, .customers)),
            CatalogueEntry(Statements.findChanges(tenant)), CatalogueEntry(Statements.analyzeChanges),
            CatalogueEntry(Statements.kindConflicts(tenant, limit: 10), .nothing),
            CatalogueEntry(Statements.recordStageChanges(.make(), by: filled.business.context)),
            CatalogueEntry(Statements.update(tenant)), CatalogueEntry(Statements.demoteContactPoints(tenant)),
            CatalogueEntry(Statements.insertContactPoints(tenant, of: .changed)),
            CatalogueEntry(Statements.recordConsents(.make(), by: filled.business.context, of: .changed)),
            CatalogueEntry(Statements.insertContactPoints(tenant, of: .created)),
            CatalogueEntry(Statements.recordConsents(.make(), by: filled.business.context, of: .created)),
            CatalogueEntry(Statements.countPresent(tenant)),
        ])
    }

    private var orderImport: CatalogueGroup {
        let staged = Statement<Int>(
            "test.stage",
            """
            INSERT INTO pg_temp.import_order (row_number, id, customer_reference, reference, ordered_on, amount)
            VALUES (2, \(UUID()), '0003', 'N1', '2026-01-01', 5), (3, \(UUID()), '0001', 'A1', '2026-01-02', 6),
                (4, \(UUID()), 'nobody', 'N1', '2026-01-02', 6)
            """)
        typealias Statements = OrderImportStatements
        return CatalogueGroup([
            CatalogueEntry(Statements.createStaging), CatalogueEntry(staged), CatalogueEntry(Statements.analyze),
            CatalogueEntry(Statements.countReferences), CatalogueEntry(Statements.duplicates(limit: 10)),
            CatalogueEntry(Statements.unknownCustomers(tenant, limit: 10)),
            CatalogueEntry(Statements.settledOrders(tenant, limit: 10), .nothing),
            CatalogueEntry(Statements.insert(tenant, .make(), currency: "IRR")),
            CatalogueEntry(Statements.promoteCustomers(.make(), by: filled.business.context)),
            CatalogueEntry(ImportStatements.customers(tenant, .orders)),
            CatalogueEntry(OrderImportStatements.hasLostCustomers(tenant, .make()).map { [$0] }),
            CatalogueEntry(Statements.update(tenant)),
            CatalogueEntry(Statements.countPresent(tenant)),
        ])
    }
}
