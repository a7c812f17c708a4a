import CRM
import HTTPTypes
import Hummingbird
import Postgres

extension Problem {
    /// The answer to whatever was thrown. What is nobody's fault but ours says nothing of its cause.
    init(_ error: any Error, requestID: String) {
        func problem(_ code: ProblemCode, _ detail: String? = nil, retryAfter seconds: Int? = nil) -> Problem {
            Problem(
                code, detail ?? code.meaning, requestID: requestID,
                headers: seconds.map { [.retryAfter: String($0)] } ?? [:])
        }
        self =
            switch error {
            case let error as ServiceError: Problem(error, requestID)
            case let error as RequestProblem: Problem(error, requestID)
            case let error as PostgresError where error.isUnavailable: problem(.unavailable, retryAfter: 2)
            case let error as PostgresError where error.isContention: problem(.busy, retryAfter: 2)
            case let error as PostgresError where error.reason == .commitUnknown:
                problem(.outcomeUnknown, retryAfter: 2)
            case is Readiness.Draining: problem(.draining, retryAfter: 10)
            case is StaleSchemaError: problem(.staleSchema, retryAfter: 10)
            case let error as HTTPError where error.status == .contentTooLarge: problem(.tooLarge)
            case let error as HTTPError: Problem(error.status, "http_error", error.body, requestID: requestID)
            default: problem(.internalError)
            }
    }

    private init(_ error: ServiceError, _ requestID: String) {
        func problem(_ code: ProblemCode, _ detail: String? = nil, headers: HTTPFields = [:]) -> Problem {
            Problem(code, detail ?? code.meaning, requestID: requestID, headers: headers)
        }
        self =
            switch error {
            case .invalid(let errors):
                Problem(
                    .invalid, "Some values are not allowed; errors names each.", errors: errors, requestID: requestID)
            case .notFound(let kind): problem(.notFound, "No such \(kind).")
            case .conflict(let code, let detail): Problem(.conflict, code, detail, requestID: requestID)
            case .stale: problem(.stale)
            case .unauthenticated(let fault): problem(fault.code, headers: [.wwwAuthenticate: fault.challenge])
            case .forbidden(let missing): problem(.forbidden, missing.explanation)
            case .tenantSuspended(let forErasure): problem(forErasure ? .tenantDeleted : .tenantSuspended)
            case .membersOnly: problem(.membersOnly)
            case .ownersOnly: problem(.ownersOnly)
            case .deadLink: problem(.deadLink)
            case .lockedOut(let wait): problem(.lockedOut, headers: [.retryAfter: Self.seconds(wait)])
            case .overloaded: problem(.busy, headers: [.retryAfter: "2"])
            case .inFlight: problem(.inFlight, headers: [.retryAfter: "1"])
            case .keyReused: problem(.keyReused)
            case .replay: problem(.internalError)
            }
    }

    private static func seconds(_ wait: Duration) -> String { String(max(1, Int((wait / .seconds(1)).rounded(.up)))) }

    private init(_ error: RequestProblem, _ requestID: String) {
        func problem(_ code: ProblemCode, _ detail: String? = nil, headers: HTTPFields = [:]) -> Problem {
            Problem(code, detail ?? code.meaning, requestID: requestID, headers: headers)
        }
        self =
            switch error {
            case .malformed(let detail): problem(.malformed, detail)
            case .query(let errors):
                Problem(
                    .badQuery, "Some query parameters cannot be used; errors names each.", errors: errors,
                    requestID: requestID)
            case .unsupportedMediaType(let expected): problem(.unsupportedMediaType, "Send \(expected).")
            case .tooLarge(let limit): problem(.tooLarge, "The body may have \(limit) bytes.")
            case .tooSlow: problem(.timedOut)
            case .badPrecondition: problem(.badPrecondition)
            case .badIdempotencyKey: problem(.badIdempotencyKey)
            case .rateLimited(let wait):
                problem(.rateLimited, headers: [.retryAfter: Self.seconds(wait)])
            case .nothingHere: problem(.notFound, "There is nothing at this path.")
            case .methodNotAllowed(let allowed): problem(.methodNotAllowed, headers: [.allow: allowed])
            }
    }
}
