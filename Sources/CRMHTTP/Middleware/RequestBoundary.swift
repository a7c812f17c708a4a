import CRM
import HTTPTypes
import Hummingbird

/// The outermost layer: whatever happens inside, the client gets an answer with the request's id, and the log one line.
struct RequestBoundary: RouterMiddleware {
    let paths: PathTable
    let crossOrigin: CrossOrigin
    let log: RequestLog
    let metrics: RequestMetrics?

    private static let watched: Set = ["/healthz", "/readyz"]

    func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        var response: Response
        var cause: (any Error)?
        do {
            // (RFC 9112, section 3.2) Whoever watches the process may be simpler.
            if request.head.authority == nil, !Self.watched.contains(request.uri.path) {
                throw RequestProblem.malformed("The request names no host.")
            }
            if let preflight = try await crossOrigin.preflight(request) {
                response = preflight
            } else {
                response = try await next(request, context)
            }
        } catch {
            cause = explained(error, request)
            response = Problem(cause ?? error, requestID: context.requestID).response()
        }
        let caller = context.caller.facts
        await crossOrigin.allow(request, caller, &response)
        Compression.apply(request, &response)
        // Problems have a body, which nobody who asks for the head reads off the connection.
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if let limit = caller.limit {
            response.headers[.rateLimitPolicy] = limit.policy
            response.headers[.rateLimit] = limit.remaining
        }
        let duration = ContinuousClock.now - started
        metrics?.record(
            route: context.endpointPath ?? "none", method: request.method, status: response.status.code, duration)
        log.write(
            RequestLog.Entry(
                request: request, context: context, status: response.status.code, duration: duration, cause: cause))
        return response
    }

    /// A path that is there, asked with a method that it does not take.
    private func explained(_ error: any Error, _ request: Request) -> any Error {
        guard let missing = error as? HTTPError, missing.status == .notFound,
            let allowed = paths.allowed(at: request.uri.path)
        else { return error }
        return RequestProblem.methodNotAllowed(allowed: allowed)
    }
}
