import CRM
import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// The outermost layer: whatever happens inside, the client gets an answer with the request's id, and the log one line.
struct RequestBoundary: RouterMiddleware {
    let paths: PathTable

    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        var response: Response
        var cause: (any Error)?
        do {
            response = try await next(request, context)
        } catch {
            cause = explained(error, request)
            response = Problem(cause ?? error, requestID: context.requestID).response()
        }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        log(request, context, response.status, cause, ContinuousClock.now - started)
        return response
    }

    /// A path that is there, asked with a method that it does not take.
    private func explained(_ error: any Error, _ request: Request) -> any Error {
        guard let missing = error as? HTTPError, missing.status == .notFound,
            let allowed = paths.allowed(at: request.uri.path)
        else { return error }
        return RequestProblem.methodNotAllowed(allowed: allowed)
    }

    private func log(
        _ request: Request, _ context: APIContext, _ status: HTTPResponse.Status, _ cause: (any Error)?,
        _ duration: Duration
    ) {
        let level: Logger.Level =
            switch status.code {
            case 500...: .error
            case 400...: .info
            default: .debug
            }
        guard context.logger.logLevel <= level else { return }
        let milliseconds = duration / .milliseconds(1)
        // The route's template, never the path: paths hold tokens.
        var metadata: Logger.Metadata = [
            "method": "\(request.method)", "route": "\(context.endpointPath ?? "none")", "status": "\(status.code)",
            "ms": "\((milliseconds * 1000).rounded() / 1000)",
        ]
        // Errors of ours describe themselves without values; what comes from elsewhere is named by its type only.
        if status.code >= 500, let cause {
            metadata["error"] = cause is PostgresError || cause is StaleSchemaError ? "\(cause)" : "\(type(of: cause))"
        }
        context.logger.log(level: level, "request", metadata: metadata)
    }
}
