import CRM
import HTTPTypes
import Hummingbird

/// What a browser is told when a page of another origin calls. (WHATWG Fetch, “CORS protocol”)
///
/// Before it sends a key it asks whether it may; that answer looks at the origins of all businesses. The answer to the request
/// itself is for the pages of the business whose key it carries.
struct CrossOrigin: Sendable {
    let origins: OriginDirectory

    private static let methods = "GET, HEAD, POST, PATCH, DELETE"
    private static let requestHeaders =
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
    private static let responseHeaders =
        "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"

    /// The answer to a browser that asks; `nil` for any other request.
    func preflight(_ request: Request) async throws -> Response? {
        guard request.method == .options, let origin = request.headers[.origin],
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        var response = Response(status: .noContent)
        guard try await origins.isAllowed(origin) else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowMethods] = Self.methods
        response.headers[.accessControlAllowHeaders] = Self.requestHeaders
        response.headers[.accessControlMaxAge] = "600"
        return response
    }

    /// Lets the page see the answer, if it is one of the caller's; where nobody was found, one of anybody's.
    func allow(_ request: Request, _ caller: Caller.Facts, _ response: inout Response) async {
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin = request.headers.value(.origin) else { return }
        let isAllowed: Bool
        if let terms = caller.terms {
            isAllowed = terms.allowedOrigins.contains(origin)
        } else {
            // Without the database the page is told nothing, not even the problem.
            do { isAllowed = try await origins.isAllowed(origin) } catch { isAllowed = false }
        }
        guard isAllowed else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = Self.responseHeaders
    }
}
