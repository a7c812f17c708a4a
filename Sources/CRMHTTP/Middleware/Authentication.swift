import CRM
import HTTPTypes
import Hummingbird

/// Finds out on whose behalf a request is made, by its bearer key.
struct Authentication: RouterMiddleware {
    let authenticator: Authenticator

    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else {
            throw ServiceError.unauthenticated
        }
        let key = String(header.dropFirst(7).drop { $0 == " " })
        var context = context
        context.tenant = try await authenticator.authenticate(key: key).with(requestID: context.requestID)
        return try await next(request, context)
    }
}
