import Foundation
import JobQueue
import Postgres

/// The people who work for a tenant, and what they may do.
public struct MemberService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Adds a member and has the invitation mailed, by whose link the member chooses a password.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/forbidden(scope:)`` for roles beyond the caller's own;
    ///   ``ServiceError/conflict(code:detail:)`` `email_taken`.
    public func invite(_ context: TenantContext, id: Member.ID = .make(), _ new: NewMember) async throws -> Member {
        try context.require(.membersWrite)
        try ServiceError.refuse(new.faults)
        try await requireAuthority(context, over: new.roles)
        let tenant = context.tenantID
        let made = Member(
            id: id, name: new.name, email: new.email, language: new.language ?? "", roles: new.roles, joinedAt: nil,
            lastSignInAt: nil, version: 1, createdAt: Date(), updatedAt: Date())
        do {
            let (_, _, _, member) = try await database.pipeline(
                context, MemberStatements.insert(tenant, id, new),
                try Enqueue.statement(tenant: tenant.rawValue, job: MailLink(memberID: id, purpose: .invitation)),
                try Event.record(
                    "member.invited", Member.kind, id.rawValue, from: nil, to: made, by: context,
                    unknown: new.language == nil ? ["language"] : []),
                MemberStatements.find(tenant, id))
            return try member.orNotFound(Member.kind)
        } catch let error as PostgresError where error.violates("member_email_key") {
            throw ServiceError.conflict(code: "email_taken", detail: "Another member has this address.")
        }
    }

    /// Invites an owner to a business that nobody has come to yet; afterwards its people are its own affair.
    ///
    /// - Throws: as ``invite(_:id:_:)``; ``ServiceError/conflict(code:detail:)`` `has_owner`.
    public func inviteFirstOwner(
        _ context: TenantContext, id: Member.ID = .make(), _ new: NewMember
    ) async throws -> Member {
        let owners = try await database.run(context.afterwards(), MemberStatements.joinedOwners(context.tenantID))
        guard owners == 0 else {
            throw ServiceError.conflict(code: "has_owner", detail: "The tenant has an owner, who invites its people.")
        }
        return try await invite(context, id: id, new)
    }

    /// Has a new invitation mailed to a member who has not chosen a password yet; one who has gets nothing. With the mail the links
    /// of before end.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `already_joined`.
    public func inviteAgain(_ context: TenantContext, _ id: Member.ID) async throws -> Member {
        try context.require(.membersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let member = try await transaction.run(MemberStatements.find(tenant, id)).orNotFound(Member.kind)
            guard member.joinedAt == nil else {
                throw ServiceError.conflict(
                    code: "already_joined", detail: "The member has a password; a reset is mailed to who asks for it.")
            }
            _ = try await transaction.pipeline(
                try Enqueue.statement(tenant: tenant.rawValue, job: MailLink(memberID: id, purpose: .invitation)),
                try Event.record("member.invited_again", Member.kind, id.rawValue, by: context))
            return member
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Member.ID) async throws -> Member {
        try context.require(.membersRead)
        return try await database.lookUp(context, MemberStatements.find(context.tenantID, id)).orNotFound(Member.kind)
    }

    public func list(_ context: TenantContext, _ page: PageRequest<Member>) async throws -> Page<Member> {
        try context.require(.membersRead)
        return page.page(of: try await database.run(context, MemberStatements.list(context.tenantID, page)))
    }

    /// Changes a member, if it still has the version that the caller saw. Other roles hold from the next request on.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/forbidden(scope:)`` for roles, old or new, beyond the caller's own;
    ///   ``ServiceError/conflict(code:detail:)`` `last_owner`.
    public func update(
        _ context: TenantContext, _ id: Member.ID, ifVersion expected: Int?, _ changes: MemberChanges
    ) async throws -> Member {
        try context.require(.membersWrite)
        try ServiceError.refuse(changes.faults)
        let tenant = context.tenantID
        return try await ServiceError.changing(ifVersion: expected) {
            try await database.withTenant(context) { transaction in
                let (owners, found) = try await transaction.pipeline(
                    MemberStatements.lockOwners(tenant), MemberStatements.find(tenant, id))
                let old = try found.orNotFound(Member.kind)
                if let expected, expected != old.version { throw ServiceError.stale }
                if let roles = changes.roles {
                    try Self.requireAuthority(context, over: old.roles + roles, owners)
                    if !roles.contains(.owner) { try Self.keepAnOwner(owners, without: id) }
                } else {
                    try Self.requireAuthority(context, over: old.roles, owners)
                }
                if ObjectChange(from: old, to: changes.applied(to: old)) == nil { return old }
                let (updated, changed) = try await transaction.pipeline(
                    MemberStatements.update(tenant, old, changes), MemberStatements.find(tenant, id))
                guard updated == 1, let member = changed else { throw ServiceError.stale }
                _ = try await transaction.pipeline(
                    try Event.record(
                        "member.updated", Member.kind, id.rawValue, from: old, to: member, by: context,
                        unknown: ["last_sign_in_at"]),
                    MemberStatements.notify(tenant))
                return member
            }
        }
    }

    /// Lets a member in no more: password, sessions and links go, what the member did stays.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/forbidden(scope:)`` for a member with roles beyond the caller's
    ///   own; ``ServiceError/conflict(code:detail:)`` `last_owner`.
    public func remove(_ context: TenantContext, _ id: Member.ID) async throws -> Member {
        try context.require(.membersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (owners, found) = try await transaction.pipeline(
                MemberStatements.lockOwners(tenant), MemberStatements.find(tenant, id))
            let member = try found.orNotFound(Member.kind)
            try Self.requireAuthority(context, over: member.roles, owners)
            try Self.keepAnOwner(owners, without: id)
            _ = try await transaction.pipeline(
                MemberStatements.remove(tenant, id), MemberStatements.removePassword(tenant, id),
                MemberStatements.removeLinks(tenant, of: id), SessionStatements.end(tenant, of: id),
                MemberStatements.notify(tenant),
                try Event.record("member.removed", Member.kind, id.rawValue, from: member, to: nil, by: context))
            return member
        }
    }

    // MARK: Authority

    private func requireAuthority(_ context: TenantContext, over roles: [Role]) async throws {
        let owners =
            roles.contains(.owner)
            ? try await database.run(context.afterwards(), MemberStatements.lockOwners(context.tenantID)) : []
        try Self.requireAuthority(context, over: roles, owners)
    }

    /// Nobody gives or takes what they do not have themselves, and owners are the affair of owners.
    private static func requireAuthority(
        _ context: TenantContext, over roles: [Role], _ owners: [Member.ID]
    ) throws {
        let beyond = Role.scopes(of: roles).subtracting(context.scopes).min { $0.rawValue < $1.rawValue }
        if let beyond { throw context.lacking(beyond) }
        guard roles.contains(.owner) else { return }
        switch context.actor {
        case .cli, .platform: return
        case .member(let id) where owners.contains(id): return
        default: throw ServiceError.ownersOnly
        }
    }

    private static func keepAnOwner(_ owners: [Member.ID], without id: Member.ID) throws {
        if owners == [id] {
            throw ServiceError.conflict(
                code: "last_owner", detail: "The business needs an owner; make another member one first.")
        }
    }
}
