import CRM
import HTTPTypes

/// What who runs the deployment does with its tenants, with keys of its own.
struct PlatformOperations: OperationGroup {
    private static let tag = Operation.Tag("Platform", "The businesses of the deployment, for who runs it.")

    let tenants: TenantService
    let members: MemberService

    var operations: [Operation] { existence + suspension + deletion }

    private var existence: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/platform/v1/tenants", "create_tenant", "Create a tenant", tag, .tenantsWrite,
                    problems: [.slugTaken]), from: NewTenant.self,
                { try await tenants.create($0, id: $1, $2) }, replay: tenants.find),
            .list(.at("/platform/v1/tenants", "list_tenants", "List tenants", tag, .tenantsRead)) {
                try await tenants.list($0.caller, $1)
            },
            .find(.at("/platform/v1/tenants/{id}", "find_tenant", "Show a tenant", tag, .tenantsRead), tenants.find),
            Operation(
                .get,
                .at("/platform/v1/tenants/{id}/usage", "find_usage", "Show what a tenant uses", tag, .tenantsRead),
                parameters: [.identifier(Tenant.self)],
                success: .value(TenantUsage.self, TenantUsage.schemaDescription), problems: [.notFound]
            ) { (call: Call<PlatformContext>) in
                try call.query { _ in }
                return Reply.value(try await tenants.usage(call.caller, call.identifier()))
            },
            .act(
                .at(
                    "/platform/v1/tenants/{id}/owners", "invite_owner", "Invite the first owner of a tenant", tag,
                    .tenantsWrite, problems: [.emailTaken, .hasOwner, .notActive]), with: NewOwner.self, invite,
                replay: tenants.find),
        ]
    }

    /// The tenant is what is answered with: its people are its own affair.
    @Sendable private func invite(
        _ context: PlatformContext, _ id: Tenant.ID, _ owner: NewOwner
    ) async throws -> Tenant {
        let tenant = try await tenants.findActive(context.reading(), id)
        _ = try await members.inviteFirstOwner(
            context.context(in: id),
            NewMember(name: owner.name, email: owner.email, language: owner.language, roles: [.owner]))
        return tenant
    }

    private var suspension: [Operation] {
        let tag = Self.tag
        return [
            .act(
                .at(
                    "/platform/v1/tenants/{id}/suspend", "suspend_tenant",
                    "Refuse a tenant's requests and hold its jobs", tag, .tenantsWrite, problems: [.deleting]),
                tenants.suspend, replay: tenants.find),
            .act(
                .at(
                    "/platform/v1/tenants/{id}/resume", "resume_tenant", "Let a suspended tenant go on", tag,
                    .tenantsWrite, problems: [.deleting]), tenants.resume, replay: tenants.find),
        ]
    }

    private var deletion: [Operation] {
        let tag = Self.tag
        return [
            .act(
                .at(
                    "/platform/v1/tenants/{id}/delete", "delete_tenant",
                    "Refuse a tenant's requests now and erase it after 7 days", tag, .tenantsWrite), status: .accepted,
                tenants.scheduleDeletion, replay: tenants.find),
            .act(
                .at(
                    "/platform/v1/tenants/{id}/cancel-deletion", "cancel_deletion",
                    "Keep a tenant that was to be erased", tag, .tenantsWrite, problems: [.notDeleting]),
                tenants.cancelDeletion, replay: tenants.find),
            .find(
                .at(
                    "/platform/v1/erasures/{id}", "find_erasure", "Show what was erased of a tenant, by its id", tag,
                    .tenantsRead), tenants.erasure),
        ]
    }
}
