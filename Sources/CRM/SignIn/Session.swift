public import Foundation

/// One sign-in of a member, until it is signed out or ends.
public struct Session: Sendable {
    public typealias ID = Identifier<Session>

    /// How long a member stays signed in at most.
    static let lifetime = Duration.seconds(30 * 86_400)

    public let id: ID
    /// Where it was begun.
    public let address: String?
    public let userAgent: String?
    public let createdAt: Date
    public let refreshedAt: Date
    public let expiresAt: Date
}

extension Session: JSONObject {
    public static let schemaName = "Session"
    public static let schemaDescription = "One sign-in of a member."
    public static var example: Session {
        Session(
            id: Example.id(), address: "192.0.2.7", userAgent: "Mozilla/5.0", createdAt: Example.time,
            refreshedAt: Example.later, expiresAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The session's id.")
        json.member("address", address, "The network address that it was begun from.", isPersonal: true)
        json.member(
            "user_agent", userAgent, "The program that it was begun with, as that calls itself.", isPersonal: true)
        json.member("created_at", createdAt, "When it was begun.")
        json.member("refreshed_at", refreshedAt, "When it got its newest tokens.")
        json.member("expires_at", expiresAt, "When it ends on its own.")
    }
}

/// What a member works with after signing in.
public struct SessionTokens: Sendable {
    public let accessToken: String
    public let refreshToken: String
    /// Of the access token, in seconds.
    public let lifetime: Int
    public let member: Member
}

extension SessionTokens: JSONObject {
    public static let schemaName = "SessionTokens"
    public static let schemaDescription = "What a member works with after signing in; shown once."
    public static var example: SessionTokens {
        SessionTokens(
            accessToken: "eyJhbGciOiJIUzI1NiIsImtpZCI6IjBhIn0.e30.c2ln", refreshToken: "mhr_0cvjn1k8hg7w3s…",
            lifetime: 900,
            member: .example)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("access_token", accessToken, "Goes with requests: Authorization: Bearer ….")
        json.member("token_type", "Bearer", "How the access token is sent. (RFC 6750)")
        json.member("expires_in", lifetime, "Seconds for which the access token is good.")
        json.member(
            "refresh_token", refreshToken,
            "Gets the next pair, once. Used a second time it ends the session: somebody has a copy.")
        json.member("member", member, "Who has signed in.")
    }
}

/// A member who has signed in, with what only members can do.
public struct MemberContext: Sendable {
    public let tenant: TenantContext
    public let memberID: Member.ID
    public let sessionID: Session.ID
}
