import CRM

struct SurveyOperations: OperationGroup {
    private static let tag = Operation.Tag("Surveys", "Questionnaires. Drafts change; what was published never does.")

    let surveys: SurveyService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at("/v1/surveys", "create_survey", "Add a survey", tag, .surveysWrite, problems: [.nameTaken]),
                from: NewSurvey.self,
                { try await surveys.create($0, id: $1, $2) }, replay: surveys.find),
            .list(.at("/v1/surveys", "list_surveys", "List surveys", tag, .surveysRead)) { call, page in
                try await surveys.list(call.caller, page)
            },
            .find(.at("/v1/surveys/{id}", "find_survey", "Show a survey", tag, .surveysRead), surveys.find),
            .change(
                .at(
                    "/v1/surveys/{id}", "change_survey", "Change a survey's draft", tag, .surveysWrite,
                    problems: [.nameTaken]),
                by: SurveyChanges.self
            ) { context, id, version, changes in
                try await surveys.update(context, id, ifVersion: version) { changes.apply(to: $0) }
            },
            .act(
                .at(
                    "/v1/surveys/{id}/publish", "publish_survey", "Make a survey's draft its next version", tag,
                    .surveysWrite),
                surveys.publish, replay: surveys.find),
        ]
    }
}
