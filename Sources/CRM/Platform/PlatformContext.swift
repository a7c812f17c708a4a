import Foundation

/// What a caller of the platform API may do.
public enum PlatformScope: String, JSONChoice, Codable {
    case tenantsRead = "tenants:read"
    case tenantsWrite = "tenants:write"
    case auditRead = "audit:read"
}

/// As whom something is done to the deployment's tenants. Only authentication, the job runner and the CLI make one.
public struct PlatformContext: Sendable {
    public enum Actor: Sendable, Equatable {
        case key(PlatformKey.ID)
        case cli

        var kind: String {
            switch self {
            case .key: "key"
            case .cli: "cli"
            }
        }

        var id: UUID? {
            switch self {
            case .key(let id): id.rawValue
            case .cli: nil
            }
        }
    }

    public let actor: Actor
    public let scopes: Set<PlatformScope>
    public let requestID: String?
    public let address: String?
    /// What the client may repeat without doing it twice.
    private(set) var idempotent: IdempotentRequest?

    init(actor: Actor, scopes: Set<PlatformScope>, requestID: String? = nil, address: String? = nil) {
        self.actor = actor
        self.scopes = scopes
        self.requestID = requestID
        self.address = address
    }

    /// An administrator at the command line.
    package static let cli = PlatformContext(actor: .cli, scopes: Set(PlatformScope.allCases))

    package func with(requestID: String, address: String?) -> PlatformContext {
        PlatformContext(actor: actor, scopes: scopes, requestID: requestID, address: address)
    }

    /// The same caller, whose next transaction is what the request asks for. Callers without an id repeat nothing.
    public func with(_ request: IdempotentRequest) -> PlatformContext {
        guard actor.id != nil else { return self }
        var context = self
        context.idempotent = request
        return context
    }

    /// The same caller, who may also read what it lets be written.
    package func reading() -> PlatformContext {
        PlatformContext(actor: actor, scopes: scopes.union([.tenantsRead]), requestID: requestID, address: address)
    }

    /// What the caller does within a tenant: nothing but to let its people in.
    package func context(in tenant: Tenant.ID) -> TenantContext {
        let within = TenantContext(
            tenantID: tenant, actor: actor.id.map { .platform($0) } ?? .cli, scopes: Set(Scope.allCases),
            requestID: requestID, address: address)
        return idempotent.map(within.with) ?? within
    }

    /// - Throws: ``ServiceError/forbidden(scope:)``.
    public func require(_ scope: PlatformScope) throws {
        guard scopes.contains(scope) else { throw ServiceError.forbidden(scope: scope.rawValue) }
    }
}
