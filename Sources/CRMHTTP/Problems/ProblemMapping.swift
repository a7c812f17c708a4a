import CRM
import HTTPTypes
import Hummingbird
import Postgres

extension Problem {
    /// The answer to whatever a route threw. What is nobody's fault but ours says nothing of its cause.
    init(_ error: any Error, requestID: String) {
        switch error {
        case let error as ServiceError: self.init(error, requestID)
        case let error as RequestProblem: self.init(error, requestID)
        case let error as PostgresError where error.isUnavailable:
            self.init(
                .serviceUnavailable, "unavailable", "The database cannot be reached now. Try again shortly.",
                requestID: requestID, headers: [.retryAfter: "2"])
        case let error as PostgresError where error.isContention:
            self.init(
                .serviceUnavailable, "busy", "Others are changing the same objects. Try again shortly.",
                requestID: requestID, headers: [.retryAfter: "2"])
        case let error as PostgresError where error.reason == .commitUnknown:
            self.init(
                .serviceUnavailable, "outcome_unknown",
                "The database went away before it answered: the change may or may not have been made. Look before you repeat it.",
                requestID: requestID, headers: [.retryAfter: "2"])
        case is StaleSchemaError:
            self.init(
                .serviceUnavailable, "stale_schema", "The database is being upgraded. Try again shortly.",
                requestID: requestID, headers: [.retryAfter: "10"])
        case let error as HTTPError where error.status == .notFound:
            self.init(.notFound, "not_found", "There is nothing at this path.", requestID: requestID)
        case let error as HTTPError where error.status == .contentTooLarge:
            self.init(.contentTooLarge, "too_large", "The body is too large.", requestID: requestID)
        case let error as HTTPError:
            self.init(error.status, "http_error", error.body, requestID: requestID)
        default:
            self.init(
                .internalServerError, "internal_error", "Something went wrong here. Tell us the request id.",
                requestID: requestID)
        }
    }

    private init(_ error: ServiceError, _ requestID: String) {
        switch error {
        case .invalid(let errors):
            self.init(
                .unprocessableContent, "invalid", "Some values are not allowed; errors names each.", errors: errors,
                requestID: requestID)
        case .notFound(let kind):
            self.init(.notFound, "not_found", "No such \(kind).", requestID: requestID)
        case .conflict(let code, let detail): self.init(.conflict, code, detail, requestID: requestID)
        case .stale:
            self.init(
                .preconditionFailed, "stale", "The object has changed since. Read it again and repeat the change.",
                requestID: requestID)
        case .unauthenticated:
            self.init(
                .unauthorized, "unauthenticated", "Send a valid key: Authorization: Bearer mhv_…", requestID: requestID,
                headers: [.wwwAuthenticate: "Bearer"])
        case .forbidden(let scope):
            self.init(.forbidden, "forbidden", "The key lacks the scope \(scope).", requestID: requestID)
        case .tenantSuspended:
            self.init(.forbidden, "tenant_suspended", "This business is suspended.", requestID: requestID)
        }
    }

    private init(_ error: RequestProblem, _ requestID: String) {
        switch error {
        case .malformed(let detail): self.init(.badRequest, "malformed", detail, requestID: requestID)
        case .query(let errors):
            self.init(
                .badRequest, "bad_query", "Some query parameters cannot be used; errors names each.", errors: errors,
                requestID: requestID)
        case .unsupportedMediaType(let expected):
            self.init(.unsupportedMediaType, "unsupported_media_type", "Send \(expected).", requestID: requestID)
        case .tooLarge(let limit):
            self.init(.contentTooLarge, "too_large", "The body may have \(limit) bytes.", requestID: requestID)
        case .badPrecondition:
            self.init(.badRequest, "bad_precondition", "If-Match takes an ETag as it was given.", requestID: requestID)
        }
    }
}
