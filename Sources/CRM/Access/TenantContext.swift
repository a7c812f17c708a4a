public import Foundation

/// On whose behalf, and as whom, something is done. Every service of a tenant takes one.
///
/// Only authentication, the job runner and the CLI make contexts; nothing that a client sends names a tenant by itself.
public struct TenantContext: Sendable {
    public enum Actor: Sendable, Equatable {
        case member(Member.ID)
        case key(APIKey.ID)
        case job(UUID)
        case cli
        /// An operator of the deployment.
        case platform(UUID)
        /// Somebody who followed a link in a mail, or tried to sign in.
        case respondent

        var kind: String {
            switch self {
            case .member: "member"
            case .key: "key"
            case .job: "job"
            case .cli: "cli"
            case .platform: "platform"
            case .respondent: "respondent"
            }
        }

        /// Such as `key:019aab50-…`, for the log.
        public var name: String? { id.map { "\(kind):\($0.text)" } }

        public var id: UUID? {
            switch self {
            case .member(let id): id.rawValue
            case .key(let id): id.rawValue
            case .job(let id), .platform(let id): id
            case .cli, .respondent: nil
            }
        }
    }

    public let tenantID: Tenant.ID
    public let actor: Actor
    public let scopes: Set<Scope>
    /// What a member is to the business; empty for everybody else.
    public let roles: [Role]
    public let requestID: String?
    /// The network address that the request came from.
    public let address: String?
    /// What the client may repeat without doing it twice.
    private(set) var idempotent: IdempotentRequest?

    init(
        tenantID: Tenant.ID, actor: Actor, scopes: Set<Scope>, roles: [Role] = [], requestID: String?,
        address: String? = nil
    ) {
        self.tenantID = tenantID
        self.actor = actor
        self.scopes = scopes
        self.roles = roles
        self.requestID = requestID
        self.address = address
    }

    /// The context of a job's handler; the queue's row says whose job it is.
    package static func job(_ id: UUID, of tenant: UUID) -> TenantContext {
        TenantContext(
            tenantID: Tenant.ID(rawValue: tenant), actor: .job(id), scopes: Set(Scope.allCases), requestID: nil)
    }

    /// The context of an administrator at the command line.
    package static func cli(tenant: Tenant.ID) -> TenantContext {
        TenantContext(tenantID: tenant, actor: .cli, scopes: Set(Scope.allCases), requestID: nil)
    }

    /// The same caller within another request.
    package func with(requestID: String, address: String?) -> TenantContext {
        TenantContext(
            tenantID: tenantID, actor: actor, scopes: scopes, roles: roles, requestID: requestID, address: address)
    }

    /// The same caller, whose next transaction is what the request asks for. Callers without an id repeat nothing.
    public func with(_ request: IdempotentRequest) -> TenantContext {
        guard actor.id != nil else { return self }
        var context = self
        context.idempotent = request
        return context
    }

    /// The same caller without a request that may be repeated: for what follows on the transaction of it.
    func afterwards() -> TenantContext {
        var context = self
        context.idempotent = nil
        return context
    }

    /// The same caller, who may also read what the scope lets it write: to be told what it has written.
    package func reading(_ scope: Scope) -> TenantContext {
        guard let reading = Scope(rawValue: scope.rawValue.replacing(":write", with: ":read")) else { return self }
        return TenantContext(
            tenantID: tenantID, actor: actor, scopes: scopes.union([reading]), roles: roles, requestID: requestID,
            address: address)
    }

    /// - Throws: ``ServiceError/forbidden(scope:)``.
    public func require(_ scope: Scope) throws {
        guard scopes.contains(scope) else { throw lacking(scope) }
    }

    /// That the caller may not, in words that a member understands.
    func lacking(_ scope: Scope) -> ServiceError {
        .forbidden(MissingPermission(scope: scope.rawValue, roles: roles))
    }
}
