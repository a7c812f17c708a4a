import CRM
import HTTPTypes

/// Signing in and out. These take no `Idempotency-Key`: what they answer is a secret, and what they are sent must not be
/// kept, not even as a digest.
struct SignInOperations: OperationGroup {
    typealias Visitor = SignInService.Visitor
    private static let tag = Operation.Tag("Signing in", "Members' sessions, and their passwords.")

    let signIn: SignInService

    var operations: [Operation] { sessions + passwords }

    private var sessions: [Operation] {
        let tag = Self.tag
        return [
            .perform(
                .at(
                    "/v1/sign-in", "sign_in", "Sign in", tag, .anybody,
                    problems: [.wrongCredentials, .lockedOut, .tenantSuspended, .tenantDeleted]), with: SignIn.self
            ) { (visitor: Visitor, body) in
                try await signIn.signIn(visitor, tenant: body.tenant, email: body.email, password: body.password)
            },
            .perform(
                .at(
                    "/v1/sign-in/refresh", "refresh", "Get the next pair of tokens", tag, .anybody,
                    problems: [.invalidToken, .tenantSuspended, .tenantDeleted]), with: Refresh.self
            ) { (visitor: Visitor, body) in try await signIn.refresh(visitor, body.token) },
            .perform(
                .at("/v1/sign-out", "sign_out", "Sign out", tag, .anybody), with: SignOut.self, "The session has ended."
            ) { (member: MemberContext, body) in try await signIn.signOut(member, everywhere: body.isEverywhere) },
            Operation(
                .get, .at("/v1/me", "find_me", "Show the member who asks", tag, .anybody),
                success: .value(Member.self, "The member.")
            ) { (call: Call<MemberContext>) in
                try call.query { _ in }
                return Reply.value(try await signIn.me(call.caller))
            },
            Operation(
                .get, .at("/v1/me/sessions", "list_my_sessions", "List the member's sessions", tag, .anybody),
                success: .page(of: Session.self)
            ) { (call: Call<MemberContext>) in
                try call.query { _ in }
                return Reply.page(Page(items: try await signIn.sessions(call.caller)))
            },
        ]
    }

    private var passwords: [Operation] {
        let tag = Self.tag
        return [
            .perform(
                .at(
                    "/v1/me/password", "change_password", "Choose another password", tag, .anybody,
                    problems: [.lockedOut]), with: PasswordChange.self,
                "It holds from now on, and every other session has ended."
            ) { (member: MemberContext, body) in
                try await signIn.changePassword(member, from: body.current, to: body.new)
            },
            .perform(
                .at("/v1/password-resets", "request_reset", "Ask for a new password", tag, .anybody),
                with: ResetRequest.self, "If there is such a member, a link is on its way to the address."
            ) { (visitor: Visitor, body) in
                try await signIn.requestReset(visitor, tenant: body.tenant, email: body.email)
            },
            .perform(
                .at(
                    "/v1/passwords", "choose_password", "Choose a password by the link of a mail", tag, .anybody,
                    problems: [.deadLink, .tenantSuspended, .tenantDeleted]), with: PasswordChoice.self,
                "It holds from now on; the link is used up, and every session has ended."
            ) { (visitor: Visitor, body) in
                guard let token = SecretToken(body.token) else { throw ServiceError.deadLink }
                try await signIn.choosePassword(visitor, token, body.password)
            },
        ]
    }
}
