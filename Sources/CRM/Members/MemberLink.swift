import Postgres

/// What a link that a member is sent is for.
public enum MemberLink: String, Sendable, Codable {
    case invitation = "member_invitation"
    case passwordReset = "password_reset"

    /// How long it can be used.
    var lifetime: Duration {
        switch self {
        case .invitation: .seconds(7 * 86_400)
        case .passwordReset: .seconds(3600)
        }
    }
}

/// The member that a link was sent to.
public struct LinkedMember: Sendable {
    public let purpose: MemberLink
    public let id: Member.ID
    public let name: String
    public let email: String
    public let language: String
    public let tenantName: String
    /// The short name that the business is signed in to by.
    public let tenantSlug: String
    let tenantState: Tenant.State
}
