import CRM
import HTTPTypes
import Hummingbird
import Logging
import Postgres

/// The outermost layer: whatever happens inside, the client gets an answer with the request's id, and the log one line.
struct RequestBoundary: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        var response: Response
        var cause: (any Error)?
        do {
            response = try await next(request, context)
        } catch {
            cause = error
            response = try Problem(error, requestID: context.requestID).response()
        }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        log(request, context, response.status, cause, ContinuousClock.now - started)
        return response
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
        // The route's template, never the path: paths hold tokens.
        var metadata: Logger.Metadata = [
            "method": "\(request.method)", "route": "\(context.endpointPath ?? "none")", "status": "\(status.code)",
            "ms":
                "\(Double(duration.components.attoseconds / 1_000_000_000_000) / 1000 + Double(duration.components.seconds) * 1000)",
        ]
        // Errors of ours describe themselves without values; what comes from elsewhere is named by its type only.
        if status.code >= 500, let cause {
            metadata["error"] = cause is PostgresError || cause is StaleSchemaError ? "\(cause)" : "\(type(of: cause))"
        }
        context.logger.log(level: level, "request", metadata: metadata)
    }
}

extension HTTPField.Name {
    static let requestID: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Request-Id") else { fatalError("X-Request-Id is no field name") }
        return name
    }()
}
