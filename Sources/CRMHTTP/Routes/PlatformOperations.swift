import CRM
import HTTPTypes

/// What who runs the deployment does with its tenants, with keys of its own.
struct PlatformOperations: OperationGroup {
    private static let tag = Operation.Tag("Platform", "The businesses of the deployment, for who runs it.")

    let tenants: TenantService
    let members: MemberService

    var operations: [Operation] { existence + [owners] + suspension + deletion + [log] }

    private var existence: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/platform/v1/tenants", "create_tenant", "Create a tenant", tag, .tenantsWrite,
                    problems: [.slugTaken]), from: NewTenant.self,
                { try await tenants.create($0, id: $1, $2) }, replay: tenants.find),
            .list(
                .at("/platform/v1/tenants", "list_tenants", "List tenants", tag, .tenantsRead), by: TenantFilter.self
            ) { try await tenants.list($0.caller, $1, $2) },
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
        ]
    }

    /// The first owner stands for the tenant's people, who are its own affair afterwards.
    private var owners: Operation {
        let declared: Declaration<PlatformContext> = .at(
            "/platform/v1/tenants/{id}/owners", "invite_owner", "Invite the first owner of a tenant", Self.tag,
            .tenantsWrite, problems: [.emailTaken, .hasOwner, .notActive])
        let selection = FieldSelection(Member.schema)
        return Operation(
            .post, declared,
            parameters: [.identifier(Tenant.self), .idempotencyKey] + QueryReader.parameters { selection.read(&$0) },
            content: .json(NewOwner.self),
            success: .object(
                Member.self, .created, "The owner, to whom an invitation is mailed.", headers: [.eTag, .replayed]),
            problems: Body.problems + ProblemCode.ofIdempotency + [.notFound]
        ) { (call: Call<PlatformContext>) in
            let fields = try call.query { selection.read(&$0) }
            let tenant = try call.identifier(Tenant.self)
            let (owner, bytes) = try await NewOwner.read(call.request)
            let id = Member.ID.make()
            let context = try call.idempotent(declared.name, body: bytes, object: id.rawValue)
            return try await Operation.replaying {
                Reply.object(try await invite(context, tenant, id, owner), status: .created, fields: fields)
            } replay: { object in
                let invited = try await members.find(
                    call.caller.context(in: tenant), Member.ID(rawValue: object))
                return Reply.object(invited, status: .created, fields: fields)
            }
        }
    }

    private func invite(
        _ context: PlatformContext, _ tenant: Tenant.ID, _ id: Member.ID, _ owner: NewOwner
    ) async throws -> Member {
        _ = try await tenants.findActive(context.reading(), tenant)
        let invited = try await members.inviteFirstOwner(
            context.context(in: tenant), id: id,
            NewMember(name: owner.name, email: owner.email, language: owner.language, roles: [.owner]))
        try await tenants.noteOwner(context, tenant)
        return invited
    }

    private var log: Operation {
        .list(
            .at(
                "/platform/v1/audit", "list_platform_audit", "List what was done to tenants and platform keys",
                Self.tag, .auditRead), by: PlatformAuditFilter.self
        ) { try await tenants.audit($0.caller, $1, $2) }
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

extension TenantFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        slugs = query.filterTexts("slug", SettingsRules.slug, "Only the tenant with this short name.")
        states = query.filterChoices("state", "Only tenants in this state.")
    }
}

extension PlatformAuditFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        actorKinds = query.filterChoices("actor_kind", "Only what callers of this kind did.")
        actorID = query.filterUUID("actor_id", "Only what this platform key did.")
        actions = query.filterTexts("action", AuditFilter.word, "Only this action, such as tenant.suspended.")
        objectID = query.filterUUID("object_id", "Only what was done to this tenant or platform key.")
        from = query.filterTime("occurred_at", "gte", "Only what was done at this time or later.")
        until = query.filterTime("occurred_at", "lt", "Only what was done before this time.")
    }
}
