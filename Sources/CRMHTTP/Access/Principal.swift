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
    /// The same caller, whose next transaction is what the request asks for.
    func with(_ request: IdempotentRequest) -> Self
    /// The same caller, who may also read what the permission lets it write.
    func reading(_ permission: Permission) -> Self
}

/// Who may call an operation.
enum Access: Sendable, Equatable {
    /// Keys and members of a business that have the scope.
    case scope(Scope)

    /// What the documentation calls the permission; `nil` where none is needed.
    var permission: String? {
        switch self {
        case .scope(let scope): scope.rawValue
        }
    }

    var explanation: String {
        switch self {
        case .scope(let scope): "Needs the scope `\(scope.rawValue)`."
        }
    }

    /// The security schemes of the OpenAPI document, any of which opens the operation.
    var schemes: [String] {
        switch self {
        case .scope: ["key"]
        }
    }
}

extension TenantContext: Principal {
    static func access(_ scope: Scope) -> Access { .scope(scope) }

    static func admit(
        _ request: Request, _ context: APIContext, at gate: Gate, _ scope: Scope
    ) async throws -> TenantContext {
        let tenant = try await gate.tenant(request, context)
        try tenant.require(scope)
        return tenant
    }
}
