import HTTPTypes

/// Every way in which the API refuses, as clients tell them apart.
enum ProblemCode: String, CaseIterable, Sendable {
    case malformed
    case badQuery = "bad_query"
    case badPrecondition = "bad_precondition"
    case badIdempotencyKey = "bad_idempotency_key"
    case unauthenticated
    case tokenExpired = "token_expired"
    case invalidToken = "invalid_token"
    case wrongCredentials = "wrong_credentials"
    case forbidden
    case tenantSuspended = "tenant_suspended"
    case tenantDeleted = "tenant_deleted"
    case membersOnly = "members_only"
    case ownersOnly = "owners_only"
    case deadLink = "dead_link"
    case lockedOut = "locked_out"
    case slugTaken = "slug_taken"
    case hasOwner = "has_owner"
    case notActive = "not_active"
    case deleting
    case notDeleting = "not_deleting"
    case emailTaken = "email_taken"
    case alreadyJoined = "already_joined"
    case lastOwner = "last_owner"
    case keyEnded = "key_ended"
    case shownOnce = "shown_once"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case referenceTaken = "reference_taken"
    case nameTaken = "name_taken"
    case codeTaken = "code_taken"
    case hasReturns = "has_returns"
    case inUse = "in_use"
    case alreadyLaunched = "already_launched"
    case ruleSegment = "rule_segment"
    case notUndoable = "not_undoable"
    case alreadyDecided = "already_decided"
    case otherKind = "other_kind"
    case tooManyRules = "too_many_rules"
    case duplicateImport = "duplicate_import"
    case notResumable = "not_resumable"
    case inFlight = "in_flight"
    case stale
    case timedOut = "timed_out"
    case tooLarge = "too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case invalid
    case keyReused = "idempotency_key_reused"
    case rateLimited = "rate_limited"
    case internalError = "internal_error"
    case unavailable
    case busy
    case outcomeUnknown = "outcome_unknown"
    case staleSchema = "stale_schema"
    case draining

    var status: HTTPResponse.Status {
        switch self {
        case .malformed, .badQuery, .badPrecondition, .badIdempotencyKey: .badRequest
        case .unauthenticated, .tokenExpired, .invalidToken, .wrongCredentials: .unauthorized
        case .forbidden, .tenantSuspended, .tenantDeleted, .membersOnly, .ownersOnly: .forbidden
        case .deadLink: .gone
        case .lockedOut: .tooManyRequests
        case .slugTaken, .hasOwner, .notActive, .deleting, .notDeleting, .emailTaken, .alreadyJoined, .lastOwner,
            .keyEnded, .shownOnce:
            .conflict
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .referenceTaken, .nameTaken, .codeTaken, .hasReturns, .inUse, .alreadyLaunched, .ruleSegment,
            .notUndoable, .alreadyDecided, .otherKind, .tooManyRules, .duplicateImport,
            .notResumable, .inFlight:
            .conflict
        case .stale: .preconditionFailed
        case .timedOut: .requestTimeout
        case .tooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalid, .keyReused: .unprocessableContent
        case .rateLimited: .tooManyRequests
        case .internalError: .internalServerError
        case .unavailable, .busy, .outcomeUnknown, .staleSchema, .draining: .serviceUnavailable
        }
    }

    /// What it means, and what a client does about it.
    var meaning: String {
        switch self {
        case .malformed:
            "The body is not JSON of the form that is expected, or the request is not one. Mend the client."
        case .badQuery: "Query parameters that are unknown, stand twice or cannot be used; errors names each."
        case .badPrecondition: "If-Match takes an ETag as it was given."
        case .badIdempotencyKey: "Idempotency-Key is a text of 1 to 255 visible ASCII characters."
        case .unauthenticated: "The request carries no key or access token. It is sent as Authorization: Bearer …."
        case .tokenExpired: "The access token has expired. Get the next one by the refresh token."
        case .invalidToken:
            "The key or token is malformed, unknown or revoked, or its session has ended. Sign in anew, or take another key."
        case .wrongCredentials: "The business, the address or the password is wrong; which of them is not told."
        case .forbidden:
            "The key lacks the scope that the operation needs, or none of the member's roles has that permission."
        case .tenantSuspended: "The business is suspended. The operator of the deployment can tell why."
        case .tenantDeleted:
            "The business is to be erased, or is being. Before erasing begins the operator of the deployment can keep it."
        case .membersOnly: "A key cannot do it; a member who has signed in can."
        case .ownersOnly: "Only owners make and unmake owners."
        case .deadLink: "The link was used before, has ended, or was never sent. Ask for a new one."
        case .lockedOut: "Too many wrong passwords for this address. Wait for as long as Retry-After says."
        case .slugTaken: "Another tenant has this short name."
        case .hasOwner: "The tenant has an owner, who invites its people."
        case .notActive: "The tenant is suspended or to be erased."
        case .deleting: "The tenant is to be erased. Cancel that first."
        case .notDeleting: "The tenant is not to be erased, or is being."
        case .emailTaken: "Another member has this address."
        case .alreadyJoined: "The member has a password already."
        case .lastOwner: "The business would be left without an owner. Make another member one first."
        case .keyEnded: "The key was revoked or has expired. Make a new one."
        case .shownOnce:
            "The request was done before, and its secret is not shown again. Revoke or rotate the key if the secret was lost."
        case .notFound: "There is no such object, or no such path."
        case .methodNotAllowed: "The path does not take this method; Allow names those that it takes."
        case .referenceTaken: "Another object of the kind has this reference."
        case .nameTaken: "Another object of the kind has this name."
        case .codeTaken: "Another object of the kind has this code."
        case .hasReturns: "Something came back of the order, so that what was sold cannot become something else."
        case .inUse: "Others refer to the object. Change those first."
        case .alreadyLaunched: "The campaign was launched before."
        case .ruleSegment: "The segment's rule decides who is in it."
        case .notUndoable:
            "The merge is too long ago, was undone before, or what it made one has changed too much since; the run has no merges, has not ended, or is being undone."
        case .alreadyDecided: "The pair was decided before, or one of the customers is gone."
        case .otherKind: "One is a person and the other an organisation."
        case .tooManyRules: "The business has as many segments with rules as are kept up to date. Remove some first."
        case .duplicateImport: "The same file was imported before, and its rows could not be told from those of then."
        case .notResumable: "Nothing of the import's file is left to read. Send the file again."
        case .inFlight: "The same request is being done at this moment. Repeat it shortly."
        case .stale:
            "The object has changed since the version that the client named. Read it again and repeat the change."
        case .timedOut: "The body came in too slowly, and the connection is closed. Send it at once."
        case .tooLarge: "The body is larger than allowed."
        case .unsupportedMediaType: "The Content-Type is none that the operation takes, or the body is encoded."
        case .invalid: "Some values are not allowed; errors names each by a JSON pointer into the body."
        case .keyReused: "The Idempotency-Key was used for another request within 24 hours. Use a new one."
        case .rateLimited: "Too many requests. Wait for as long as Retry-After says."
        case .internalError: "Something went wrong on the server. Tell the operator the request id."
        case .unavailable: "The database cannot be reached. Nothing was changed; repeat it after Retry-After."
        case .busy: "Others are changing the same objects. Nothing was changed; repeat it after Retry-After."
        case .outcomeUnknown:
            "The database went away before it answered: the change may or may not have been made. Repeat it under the same Idempotency-Key, or look before you repeat it."
        case .draining: "The server is about to stop. /readyz alone says so: send what is new to another one."
        case .staleSchema: "The database is being upgraded. Repeat it after Retry-After."
        }
    }

    /// How every operation may fail.
    static let ofEveryOperation: [ProblemCode] = [
        .malformed, .badQuery, .methodNotAllowed, .rateLimited, .internalError, .unavailable, .busy, .outcomeUnknown,
        .staleSchema,
    ]

    /// How a request with an `Idempotency-Key` may fail.
    static let ofIdempotency: [ProblemCode] = [.badIdempotencyKey, .inFlight, .keyReused]
}
