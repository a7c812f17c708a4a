import CRM

/// What is wrong with a request as such, before any service sees it.
enum RequestProblem: Error {
    /// The body is not JSON, or not of the shape that it must have.
    case malformed(String)
    /// Query parameters that are unknown or not of the right form, each by its name.
    case query([FieldError])
    case unsupportedMediaType(expected: String)
    case tooLarge(limit: Int)
    /// The body comes in too slowly.
    case tooSlow
    /// `If-Match` holds something else than this API's ETags.
    case badPrecondition
    case badIdempotencyKey
    case rateLimited(after: Duration)
    /// - Parameter allowed: the methods that the path takes, as `Allow` names them.
    case methodNotAllowed(allowed: String)
    /// Nothing is at the path.
    case nothingHere
}
