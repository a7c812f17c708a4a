import CRM
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres

/// The pages that respondents see. They hold the token of an invitation and nothing else.
struct RespondentRoutes {
    /// Most bytes of a posted form.
    private static let maximumForm = 256 * 1024

    let respondents: RespondentService

    func add(to routes: inout RouteTable) {
        routes.add(.get, "/s/{token}") { request, context in
            try await page(request, context) { token in
                let questionnaire = try await respondents.open(token, requestID: context.requestID)
                let query = Dictionary(QueryString.pairs(request.uri.query ?? ""), uniquingKeysWith: { $1 })
                return Self.show(questionnaire, token, query)
            }
        }
        routes.add(.post, "/s/{token}") { request, context in
            try await page(request, context) { token in
                let form = try await Self.form(request)
                switch try await respondents.submit(token, form, requestID: context.requestID) {
                case .recorded:
                    // A reload of what follows asks nothing again.
                    return Response(status: .seeOther, headers: [.location: "/s/\(token.text)"])
                case .rejected(let questionnaire, let problems):
                    let page = SurveyPage(questionnaire, token, values: form, problems: problems)
                    return PageReply.html(page.render(), status: .unprocessableContent)
                case .refused(let questionnaire): return Self.show(questionnaire, token, [:])
                }
            }
        }
        routes.add(.get, "/u/{token}") { request, context in
            try await page(request, context) { token in
                let questionnaire = try await respondents.open(token, requestID: context.requestID)
                return Self.notice(.confirmUnsubscribe(action: "/u/\(token.text)"), questionnaire)
            }
        }
        // Also what mail programs post on their own (RFC 8058).
        routes.add(.post, "/u/{token}") { request, context in
            try await page(request, context) { token in
                _ = try await Self.form(request)
                return Self.notice(
                    .unsubscribed, try await respondents.unsubscribe(token, requestID: context.requestID))
            }
        }
    }

    private static func show(_ questionnaire: Questionnaire, _ token: SecretToken, _ query: [String: String])
        -> Response
    {
        switch questionnaire.state {
        case .open: return PageReply.html(SurveyPage(questionnaire, token, values: query).render())
        case .answered(let until):
            if query["change"] != nil {
                return PageReply.html(SurveyPage(questionnaire, token, values: query).render())
            }
            let change = ThanksPage.Change(
                until: until, timeZone: questionnaire.timeZone, path: "/s/\(token.text)?change=1")
            return PageReply.html(ThanksPage(questionnaire, change: change).render())
        case .closed: return PageReply.html(ThanksPage(questionnaire, change: nil).render())
        case .expired: return notice(.expired, questionnaire)
        }
    }

    private static func notice(_ kind: NoticePage.Kind, _ questionnaire: Questionnaire) -> Response {
        PageReply.html(
            NoticePage(languageCode: questionnaire.language, kind: kind, tenantName: questionnaire.tenantName))
    }

    /// Turns every failure into a page, in the language that the browser prefers.
    private func page(
        _ request: Request, _ context: APIContext, _ body: (SecretToken) async throws -> Response
    ) async throws -> Response {
        let kind: NoticePage.Kind
        do {
            guard let token = context.parameters.get("token").flatMap(SecretToken.init) else {
                throw ServiceError.notFound("invitation")
            }
            return try await body(token)
        } catch ServiceError.notFound {
            kind = .unknownLink
        } catch ServiceError.tenantSuspended {
            kind = .closed
        } catch let error as PostgresError where error.isUnavailable {
            kind = .tryLater
            context.logger.error(
                "respondent page", metadata: ["error": "\(error)", "request_id": "\(context.requestID)"])
        } catch let problem as RequestProblem {
            throw problem
        } catch {
            kind = .serverError
            context.logger.error(
                "respondent page", metadata: ["error": "\(type(of: error))", "request_id": "\(context.requestID)"])
        }
        let language = PageText.preferredLanguage(request.headers[.acceptLanguage])
        return PageReply.html(NoticePage(languageCode: language, kind: kind, tenantName: nil))
    }

    private static func form(_ request: Request) async throws -> [String: String] {
        let body = try await Body.collect(request.body, upTo: maximumForm)
        return Dictionary(QueryString.pairs(String(buffer: body)), uniquingKeysWith: { $1 })
    }
}
