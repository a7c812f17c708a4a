public import Foundation

/// Why a service refused: what the caller can mend. Everything else is a fault of the deployment and another type.
public enum ServiceError: Error, Sendable, Equatable {
    /// Values that are not allowed, every one that was found.
    case invalid([FieldError])
    /// No such object here; a stranger's is answered the same.
    case notFound(String)
    /// The object's state or another object stands against it.
    case conflict(code: String, detail: String)
    /// The object has changed since the version that the caller named.
    case stale
    /// The caller is nobody that is known.
    case unauthenticated(CredentialFault)
    /// The caller lacks a permission.
    case forbidden(MissingPermission)
    /// The business lets nobody in: it is suspended, or is to be erased.
    case tenantSuspended(forErasure: Bool)
    /// Too many wrong passwords for the address; the next is looked at after so long.
    case lockedOut(for: Duration)
    /// A link that nobody was sent, or that was used or has ended.
    case deadLink
    /// Only a member who has signed in can do it.
    case membersOnly
    /// Only an owner of the business can do it.
    case ownersOnly
    /// Too many wait for the same already.
    case overloaded
    /// The same request is being done at this moment.
    case inFlight
    /// The request's key was used for another one.
    case keyReused
    /// The request was done before, and made or changed this object.
    case replay(UUID)

    /// A key lacks this scope.
    public static func forbidden(scope: String) -> ServiceError {
        .forbidden(MissingPermission(scope: scope, roles: []))
    }

    static func invalid(_ pointer: String, _ code: String, _ detail: String) -> ServiceError {
        .invalid([FieldError(pointer, code, detail)])
    }

    /// Changes an object that is read first. A caller who named no version does not care that somebody else was faster: then it
    /// is read again.
    static func changing<Result>(
        ifVersion expected: Int?, _ change: () async throws -> Result
    ) async throws -> Result {
        for _ in 0..<5 where expected == nil {
            do { return try await change() } catch ServiceError.stale { continue }
        }
        return try await change()
    }

    /// Refuses values in which something is wrong.
    static func refuse(_ faults: [FieldError]) throws {
        if !faults.isEmpty { throw ServiceError.invalid(faults) }
    }
}

extension Optional {
    /// - Throws: ``ServiceError/notFound(_:)`` for `nil`.
    func orNotFound(_ kind: String) throws -> Wrapped {
        guard let self else { throw ServiceError.notFound(kind) }
        return self
    }
}

/// Why a caller is nobody that is known.
public enum CredentialFault: Sendable, Equatable {
    /// None were shown.
    case missing
    /// An access token of ours whose time is over; the refresh token gets the next.
    case expired
    /// A key or a token that is malformed, unknown or revoked, or whose session has ended.
    case invalid
    /// A business, an address or a password that is wrong; which of them is not told.
    case wrong
}

/// What a caller would need to be allowed something.
public struct MissingPermission: Sendable, Equatable, CustomStringConvertible {
    /// Such as `customers:write`.
    public let scope: String
    /// What the caller is to the business; empty for a key.
    public let roles: [Role]

    public var description: String { scope }
}
extension FieldError: JSONObject {
    public static let schemaName = "FieldError"
    public static let schemaDescription = "One value that is not allowed."
    public static var example: FieldError { FieldError("/name", "required", "Is required.") }

    public func members(_ json: inout JSONWriter) {
        json.member(
            "pointer", pointer, "Where it stands: a JSON pointer into the body (RFC 6901), or a parameter's name.")
        json.member("code", code, "What is wrong with it, for programs.")
        json.member("detail", detail, "What is wrong with it, for people.")
        json.member("row", row, "In an uploaded file: the line, the header's being 1.")
        json.member("column", column, "In an uploaded file: the column's name.")
    }
}
