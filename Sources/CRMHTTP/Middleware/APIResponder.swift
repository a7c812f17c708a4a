import CRM
import HTTPTypes
import Hummingbird

/// Answers requests: finds what is at the path, and whatever happens there, the client gets an answer with the request's
/// id, and the log one line.
struct APIResponder: HTTPResponder {
    let routes: RouteTable
    let crossOrigin: CrossOrigin
    let log: RequestLog
    let metrics: RequestMetrics?

    func respond(to request: Request, context: APIContext) async -> Response {
        let started = ContinuousClock.now
        var response: Response
        var cause: (any Error)?
        var route: String?
        do {
            let path = request.uri.path
            // (RFC 9112, section 3.2) Whoever watches the process may be simpler.
            if request.head.authority == nil, !HealthRoutes.paths.contains(path) {
                throw RequestProblem.malformed("The request names no host.")
            }
            if let preflight = try await crossOrigin.preflight(request) {
                response = preflight
            } else {
                switch routes.match(request.method, path) {
                case .route(let found, let parameters):
                    route = found.template
                    var context = context
                    context.parameters = parameters
                    response = try await found.handle(request, context)
                case .methods(let allowed): throw RequestProblem.methodNotAllowed(allowed: allowed)
                case .nothing: throw RequestProblem.nothingHere
                }
            }
        } catch {
            cause = error
            response = Problem(error, requestID: context.requestID).response()
        }
        let caller = context.caller.facts
        await crossOrigin.allow(request, caller, &response)
        Compression.apply(request, &response)
        // Problems have a body, which nobody who asks for the head reads off the connection.
        if request.method == .head {
            let length = response.headers[.contentLength]
            response = response.createHeadResponse()
            response.headers[.contentLength] = length
        }
        response.headers.append(HTTPField(name: .requestID, value: context.requestID))
        response.headers.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
        if let limit = caller.limit {
            response.headers.append(HTTPField(name: .rateLimitPolicy, value: limit.policy))
            response.headers.append(HTTPField(name: .rateLimit, value: limit.remaining))
        }
        let duration = ContinuousClock.now - started
        metrics?.record(
            route: route ?? "none", method: request.method, status: response.status.code, duration)
        log.write(
            RequestLog.Entry(
                request: request, requestID: context.requestID, route: route, caller: caller.tenant,
                status: response.status.code, duration: duration, cause: cause), context.logger)
        return response
    }
}
