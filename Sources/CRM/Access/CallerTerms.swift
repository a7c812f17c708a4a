/// On what terms a business lets its callers use the API.
public struct CallerTerms: Sendable, Equatable {
    /// Whose pages may call from a browser.
    public let allowedOrigins: [String]
    /// Most requests of all callers together, and of one.
    public let requestsPerSecond: Int
    public let keyRequestsPerSecond: Int
}

/// Who calls, and on what terms.
public struct AuthenticatedCaller: Sendable {
    public let context: TenantContext
    public let terms: CallerTerms
    /// Of a member who has signed in.
    let session: Session.ID?

    /// - Throws: ``ServiceError/membersOnly`` for a key.
    public func member(_ context: TenantContext) throws -> MemberContext {
        guard case .member(let id) = context.actor, let session else { throw ServiceError.membersOnly }
        return MemberContext(tenant: context, memberID: id, sessionID: session)
    }
}
