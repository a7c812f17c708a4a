import CRM
import Hummingbird

struct SurveyRoutes {
    let surveys: SurveyService

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.post("/surveys") { request, context in
            let (name, metric, content) = try await BodyReader.read(request) { reader in
                (
                    reader.requiredText("name"), reader.requiredChoice("metric", else: Metric.nps),
                    SurveyContent(
                        defaultLanguage: reader.requiredText("default_language"),
                        title: reader.requiredLocalized("title"),
                        questions: reader.questions() ?? reader.missing("questions", []),
                        thanks: reader.localized("thanks"))
                )
            }
            let survey = try await surveys.create(context.tenant, name: name, metric: metric, content)
            return try Reply.created(survey, version: survey.version, at: "/v1/surveys/\(survey.id)")
        }
        group.get("/surveys") { request, context in
            try Reply.page(try await surveys.list(context.tenant, ListQuery(request).page))
        }
        group.get("/surveys/:id") { _, context in
            let survey = try await surveys.find(context.tenant, context.identifier("survey"))
            return try Reply.object(survey, version: survey.version)
        }
        group.patch("/surveys/:id") { request, context in
            let changes = try await BodyReader.readPatch(request) { SurveyChanges(&$0) }
            let survey = try await surveys.update(
                context.tenant, context.identifier("survey"), ifVersion: request.expectedVersion()
            ) { old in changes.apply(to: old) }
            return try Reply.object(survey, version: survey.version)
        }
        group.post("/surveys/:id/publish") { _, context in
            let survey = try await surveys.publish(context.tenant, context.identifier("survey"))
            return try Reply.object(survey, version: survey.version)
        }
    }
}

/// What a merge patch of a survey's draft changes; words and questions are replaced whole.
private struct SurveyChanges: Sendable {
    var name: String?
    var defaultLanguage: String?
    var title: LocalizedText?
    var questions: [SurveyQuestion]?
    var thanks: LocalizedText??

    init(_ reader: inout BodyReader) {
        name = reader.text("name")
        defaultLanguage = reader.text("default_language")
        title = reader.localized("title")
        questions = reader.questions()
        let words = reader.localized("thanks")
        thanks = reader.isNull("thanks") ? .some(nil) : words.map { .some($0) }
    }

    func apply(to survey: Survey) -> (name: String, content: SurveyContent) {
        var content = survey.content
        if let defaultLanguage { content.defaultLanguage = defaultLanguage }
        if let title { content.title = title }
        if let questions { content.questions = questions }
        if let thanks { content.thanks = thanks }
        return (name ?? survey.name, content)
    }
}

extension BodyReader {
    fileprivate mutating func questions() -> [SurveyQuestion]? {
        objects("questions") { reader in
            SurveyQuestion(
                id: reader.requiredText("id"), kind: reader.requiredChoice("kind", else: .text),
                text: reader.requiredLocalized("text"), required: reader.flag("required") ?? false)
        }
    }
}
