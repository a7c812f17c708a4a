/// On what terms a business lets its keys call the API.
public struct CallerTerms: Sendable, Equatable {
    /// Whose pages may call from a browser.
    public let allowedOrigins: [String]
    /// Most requests of all keys together, and of one.
    public let requestsPerSecond: Int
    public let keyRequestsPerSecond: Int
}

/// Who calls, and on what terms.
public struct AuthenticatedCaller: Sendable {
    public let context: TenantContext
    public let terms: CallerTerms
}
