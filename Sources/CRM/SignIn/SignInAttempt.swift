import Foundation
import Postgres

/// What somebody tried who was not let in, for the audit log.
struct SignInAttempt: JSONObject {
    static let schemaName = "SignInAttempt"
    static let schemaDescription = "What somebody tried to sign in with."
    static var example: SignInAttempt { SignInAttempt(email: "sara@bazaar.example") }

    /// As it was written.
    let email: String

    func members(_ json: inout JSONWriter) {
        json.member("email", email, "The address that was given.", isPersonal: true)
    }
}

extension Event {
    /// That nothing more of a member is tried for so long.
    static func lockedOut(
        _ member: Member.ID, seconds: Double, by context: TenantContext
    ) throws -> Statement<Int> {
        try record(
            "member.locked_out", Member.kind, member.rawValue, by: context,
            data: ["seconds": .number(Decimal(Int(seconds.rounded())))])
    }
}
