import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres

/// The page at which members choose a password by the link of a mail.
struct PasswordRoutes {
    private static let maximumForm = 16 * 1024

    let signIn: SignInService
    let gate: Gate

    func add(to routes: inout RouteTable) {
        routes.add(.get, "/m/{token}") { request, context in
            try await page(request, context) { _, token in
                let member = try await signIn.link(token)
                return (.form(member.id, problem: nil), member)
            }
        }
        routes.add(.post, "/m/{token}") { request, context in
            try await page(request, context) { visitor, token in
                let form = try await Self.form(request)
                let member = try await signIn.link(token)
                let password = form["password"] ?? ""
                guard password == form["again"] else { return (.form(member.id, problem: .different), member) }
                do {
                    try await signIn.choosePassword(visitor, token, password)
                } catch ServiceError.invalid(let errors) {
                    let problem = errors.first.flatMap { PasswordPage.Problem(rawValue: $0.code) }
                    return (.form(member.id, problem: problem ?? .length), member)
                }
                return (.done, member)
            }
        }
    }

    private func page(
        _ request: Request, _ context: APIContext,
        _ body: (SignInService.Visitor, SecretToken) async throws -> (PasswordPage.State, LinkedMember?)
    ) async throws -> Response {
        let token = context.parameters.get("token").flatMap(SecretToken.init)
        var (state, member): (PasswordPage.State, LinkedMember?) = (.deadLink, nil)
        do {
            let visitor = try gate.visitor(request, context)
            if let token { (state, member) = try await body(visitor, token) }
        } catch ServiceError.deadLink {
        } catch ServiceError.tenantSuspended {
            state = .suspended
        } catch ServiceError.overloaded {
            state = .tryLater
        } catch let error as PostgresError where error.isUnavailable {
            state = .tryLater
        }
        let page = PasswordPage(
            languageCode: member?.language ?? PageText.preferredLanguage(request.headers[.acceptLanguage]),
            state: state,
            member: member, action: token.map { "/m/\($0.text)" } ?? "",
            place: (request.head.authority ?? "") + "/v1/sign-in")
        var response = PageReply.html(page.render(), status: .init(code: page.status))
        if page.status == 503 { response.headers[.retryAfter] = "2" }
        return response
    }

    private static func form(_ request: Request) async throws -> [String: String] {
        let body = try await Body.collect(request.body, upTo: maximumForm)
        return Dictionary(QueryString.pairs(String(buffer: body)), uniquingKeysWith: { $1 })
    }
}
