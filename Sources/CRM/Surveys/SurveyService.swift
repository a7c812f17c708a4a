import Foundation
import Postgres

/// Questionnaires and their published versions.
public struct SurveyService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Creates a draft.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func create(
        _ context: TenantContext, id: Survey.ID = .make(), _ new: NewSurvey
    ) async throws -> Survey {
        try context.require(.surveysWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await Self.explaining {
            let (_, _, survey) = try await database.pipeline(
                context, SurveyStatements.insert(tenant, id, name: new.name, metric: new.metric, new.content),
                try Event.record("survey.created", "survey", id.rawValue, from: nil, to: Survey(id, new), by: context),
                SurveyStatements.find(tenant, id))
            return try survey.orNotFound("survey")
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Survey.ID) async throws -> Survey {
        try context.require(.surveysRead)
        return try await database.lookUp(context, SurveyStatements.find(context.tenantID, id)).orNotFound("survey")
    }

    /// By age.
    public func list(_ context: TenantContext, _ page: PageRequest<Survey>) async throws -> Page<Survey> {
        try context.require(.surveysRead)
        let surveys = try await database.run(context, SurveyStatements.list(context.tenantID, page))
        return page.page(of: surveys)
    }

    /// Changes the draft; published versions stay as they are.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func update(
        _ context: TenantContext, _ id: Survey.ID, ifVersion expected: Int?,
        _ change: @Sendable (Survey) throws -> (name: String, content: SurveyContent)
    ) async throws -> Survey {
        try context.require(.surveysWrite)
        let tenant = context.tenantID
        return try await Self.explaining {
            try await database.withTenant(context) { transaction in
                let old = try await transaction.run(SurveyStatements.lock(tenant, id)).orNotFound("survey")
                if let expected, expected != old.version { throw ServiceError.stale }
                let (name, content) = try change(old)
                try ServiceError.refuse(content.faults(name: name, metric: old.metric))
                var new = old
                (new.name, new.content) = (name, content)
                if ObjectChange(from: old, to: new) == nil { return old }
                let (_, found) = try await transaction.pipeline(
                    SurveyStatements.updateContent(tenant, id, name: name, content), SurveyStatements.find(tenant, id))
                let survey = try found.orNotFound("survey")
                _ = try await transaction.run(
                    try Event.record("survey.updated", "survey", id.rawValue, from: old, to: survey, by: context))
                return survey
            }
        }
    }

    /// Makes the draft the next version, which never changes. A draft without changes stays the version that it is.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func publish(_ context: TenantContext, _ id: Survey.ID) async throws -> Survey {
        try context.require(.surveysWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (locked, published) = try await transaction.pipeline(
                SurveyStatements.lock(tenant, id), SurveyStatements.publishedContent(tenant, id))
            let survey = try locked.orNotFound("survey")
            if published == survey.content { return survey }
            let version = (survey.publishedVersion ?? 0) + 1
            let (_, _, _, result) = try await transaction.pipeline(
                SurveyStatements.insertVersion(tenant, survey, version),
                SurveyStatements.setPublished(tenant, id, version),
                try Event.record(
                    "survey.published", "survey", id.rawValue, by: context,
                    data: ["version": .number(Decimal(version))]),
                SurveyStatements.find(tenant, id))
            return try result.orNotFound("survey")
        }
    }

    private static func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as PostgresError where error.violates("survey_name_key") {
            throw ServiceError.conflict(code: "name_taken", detail: "Another survey has this name.")
        }
    }
}
