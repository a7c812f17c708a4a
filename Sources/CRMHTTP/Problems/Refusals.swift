import CRM

extension CredentialFault {
    var code: ProblemCode {
        switch self {
        case .missing: .unauthenticated
        case .expired: .tokenExpired
        case .invalid: .invalidToken
        case .wrong: .wrongCredentials
        }
    }

    /// What `WWW-Authenticate` says. (RFC 6750, section 3)
    var challenge: String {
        let realm = "Bearer realm=\"mehvar\""
        func refused(_ description: String) -> String {
            "\(realm), error=\"invalid_token\", error_description=\"\(description)\""
        }
        return switch self {
        case .missing, .wrong: realm
        case .expired: refused("The access token has expired")
        case .invalid: refused("The key or token is malformed, unknown or revoked, or its session has ended")
        }
    }
}

extension MissingPermission {
    /// Keys have scopes; members have permissions by their roles.
    var explanation: String {
        let names = roles.map(\.rawValue).joined(separator: ", ")
        return switch roles.count {
        case 0: "The key lacks the scope \(scope)."
        case 1: "Your role \(names) lacks the permission \(scope)."
        default: "Your roles \(names) lack the permission \(scope)."
        }
    }
}
