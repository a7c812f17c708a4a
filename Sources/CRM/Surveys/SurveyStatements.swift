import Foundation
public import Postgres

enum SurveyStatements {
    private static let columns: SQL = """
        s.id, s.name, s.metric, s.content, s.published_version, s.version, s.created_at, s.updated_at
        """

    static func find(_ tenant: Tenant.ID, _ id: Survey.ID) -> Statement<Survey?> {
        Statement(
            "survey.find",
            "SELECT \(columns) FROM crm.survey s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL",
            optional: Survey.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<Survey>) -> Statement<[Survey]> {
        Statement(
            "survey.list",
            """
            SELECT \(columns) FROM crm.survey s WHERE s.tenant_id = \(tenant) AND s.deleted_at IS NULL
            \(page.clause(id: "s.id"))
            """, all: Survey.init(row:))
    }

    static func insert(
        _ tenant: Tenant.ID, _ id: Survey.ID, name: String, metric: Metric, _ content: SurveyContent
    ) throws -> Statement<Int> {
        Statement(
            "survey.insert",
            """
            INSERT INTO crm.survey (tenant_id, id, name, metric, content)
            VALUES (\(tenant), \(id), \(name), \(metric), \(try JSONValue(content)))
            """)
    }

    static func lock(_ tenant: Tenant.ID, _ id: Survey.ID) -> Statement<Survey?> {
        Statement(
            "survey.lock",
            """
            SELECT \(columns) FROM crm.survey s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL
            FOR NO KEY UPDATE
            """, optional: Survey.init(row:))
    }

    static func insertVersion(_ tenant: Tenant.ID, _ survey: Survey, _ version: Int) throws -> Statement<Int> {
        Statement(
            "survey.insert_version",
            """
            INSERT INTO crm.survey_version (tenant_id, survey_id, version, metric, metric_question, content)
            VALUES (\(tenant), \(survey.id), \(Int32(version)), \(survey.metric), \(survey.metricQuestion),
                \(try JSONValue(survey.content)))
            """)
    }

    static func setPublished(_ tenant: Tenant.ID, _ id: Survey.ID, _ version: Int) -> Statement<Int> {
        Statement(
            "survey.set_published",
            """
            UPDATE crm.survey SET published_version = \(Int32(version)), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    static func updateContent(
        _ tenant: Tenant.ID, _ id: Survey.ID, name: String, _ content: SurveyContent
    ) throws -> Statement<Int> {
        Statement(
            "survey.update",
            """
            UPDATE crm.survey SET name = \(name), content = \(try JSONValue(content)), version = version + 1,
                updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id)
            """)
    }

    /// The content of the newest published version; `nil` when it is the draft's own.
    static func publishedContent(_ tenant: Tenant.ID, _ id: Survey.ID) -> Statement<SurveyContent?> {
        Statement(
            "survey.published_content",
            """
            SELECT v.content FROM crm.survey_version v WHERE v.tenant_id = \(tenant) AND v.survey_id = \(id)
            ORDER BY v.version DESC LIMIT 1
            """, optional: { try $0.next(JSONValue<SurveyContent>.self).value })
    }
}

extension Metric: PostgresEncodable, PostgresDecodable {}

extension Survey {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), metric: try row.next(),
            content: try row.next(JSONValue<SurveyContent>.self).value, publishedVersion: try row.nextIfPresent(),
            version: try row.next(), createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension Survey: Listed {
    public static var orders: [ListOrder<Survey>] {
        [
            .time("created_at", "s.created_at") { $0.createdAt }, .text("name", "s.name") { $0.name },
        ]
    }
}
