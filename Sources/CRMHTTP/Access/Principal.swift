import CRM
import Hummingbird

/// As whom an operation is called: a caller of a business, or one of another kind.
protocol Principal: Sendable {
    /// What a caller of the kind may be allowed.
    associatedtype Permission: Sendable

    /// Who may call an operation that needs the permission, as it is documented.
    static func access(_ permission: Permission) -> Access
    /// Finds out who calls, and whether that one may.
    static func admit(_ request: Request, _ context: APIContext, at gate: Gate, _ permission: Permission) async throws
        -> Self
}

/// One whose request can be told from a repetition of it.
protocol RepeatingPrincipal: Principal {
    /// The same caller, whose next transaction is what the request asks for.
    func with(_ request: IdempotentRequest) -> Self
    /// The same caller, who may also read what the permission lets it write.
    func reading(_ permission: Permission) -> Self
}

/// Who may call an operation.
enum Access: Sendable, Equatable {
    /// Keys and members of a business that have the scope.
    case scope(Scope)
    /// Keys of the platform API that have the scope.
    case platform(PlatformScope)
    /// Members who have signed in, and no keys.
    case member
    case anybody

    /// What the documentation calls the permission; `nil` where none is needed.
    var permission: String? {
        switch self {
        case .scope(let scope): scope.rawValue
        case .platform(let scope): scope.rawValue
        case .member: "member"
        case .anybody: nil
        }
    }

    var explanation: String {
        switch self {
        case .scope(let scope):
            "Needs the scope `\(scope.rawValue)`; of the roles, \(Self.roles(with: scope)) have it."
        case .platform(let scope): "Needs a key of the platform API with the scope `\(scope.rawValue)`."
        case .member: "For members who have signed in; keys get 403."
        case .anybody: "Needs no key."
        }
    }

    private static func roles(with scope: Scope) -> String {
        Role.allCases.filter { $0.scopes.contains(scope) }.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    }

    /// The security schemes of the OpenAPI document, any of which opens the operation.
    var schemes: [String] {
        switch self {
        case .scope: ["key", "member"]
        case .platform: ["platform"]
        case .member: ["member"]
        case .anybody: []
        }
    }

    /// How every operation of the kind may fail.
    var problems: [ProblemCode] {
        switch self {
        case .scope:
            [.unauthenticated, .tokenExpired, .invalidToken, .forbidden, .tenantSuspended, .tenantDeleted]
        case .platform: [.unauthenticated, .invalidToken, .forbidden]
        case .member:
            [.unauthenticated, .tokenExpired, .invalidToken, .membersOnly, .tenantSuspended, .tenantDeleted]
        case .anybody: []
        }
    }
}

extension TenantContext: RepeatingPrincipal {
    static func access(_ scope: Scope) -> Access { .scope(scope) }

    static func admit(
        _ request: Request, _ context: APIContext, at gate: Gate, _ scope: Scope
    ) async throws -> TenantContext {
        let (tenant, _) = try await gate.caller(request, context)
        try tenant.require(scope)
        return tenant
    }
}

extension PlatformContext: RepeatingPrincipal {
    static func access(_ scope: PlatformScope) -> Access { .platform(scope) }

    static func admit(
        _ request: Request, _ context: APIContext, at gate: Gate, _ scope: PlatformScope
    ) async throws -> PlatformContext {
        let caller = try await gate.platform(request, context)
        try caller.require(scope)
        return caller
    }

    func reading(_ scope: PlatformScope) -> PlatformContext { reading() }
}

/// The permission of operations that ask no more than who calls.
enum Anybody: Sendable { case anybody }

extension MemberContext: Principal {
    static func access(_ permission: Anybody) -> Access { .member }

    static func admit(
        _ request: Request, _ context: APIContext, at gate: Gate, _ permission: Anybody
    ) async throws -> MemberContext {
        let (tenant, caller) = try await gate.caller(request, context)
        return try caller.member(tenant)
    }
}

extension SignInService.Visitor: Principal {
    static func access(_ permission: Anybody) -> Access { .anybody }

    static func admit(
        _ request: Request, _ context: APIContext, at gate: Gate, _ permission: Anybody
    ) async throws -> SignInService.Visitor { try gate.visitor(request, context) }
}
