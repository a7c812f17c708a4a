public import ArgumentParser
import CRM

struct MemberCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "Invites, lists and removes the people who work for a tenant.",
        subcommands: [
            Invite.self, ResendInvitation.self, List.self, SetRole.self, Remove.self, Roles.self,
        ])

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a member; a worker mails the link by which a password is chosen.",
            discussion:
                "Roles: \(Role.allCases.map(\.rawValue).joined(separator: ", ")); `mehvar member roles` shows what they may do."
        )

        @Option(help: "The tenant's slug.")
        var tenant: String
        @Option(help: "The member's name.")
        var name: String
        @Option(help: "What the member signs in with.")
        var email: String
        @Option(help: "Language to write in, such as fa (default: the tenant's).")
        var language: String?
        @Option(name: .customLong("role"), help: "What the member is to the business; may stand several times.")
        var roles: [Role]

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let member = try await MemberService(database: deployment.database).invite(
                try await deployment.context(tenant: tenant),
                NewMember(name: name, email: email, language: language, roles: roles))
            try output.print(member, columns: Member.columns, rows: [member.cells])
            output.note("A worker mails \(member.email) the link.")
        }
    }

    struct ResendInvitation: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resend-invitation",
            abstract: "Has a new link mailed to a member who has not chosen a password yet.")

        @OptionGroup var choice: MemberChoice
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let id = try choice.memberID
            let deployment = try Deployment()
            let member = try await MemberService(database: deployment.database)
                .inviteAgain(try await deployment.context(tenant: choice.tenant), id)
            try output.print(member, columns: Member.columns, rows: [member.cells])
            output.note("A worker mails \(member.email) the link.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the members of a tenant.")

        @Option(help: "The tenant's slug.")
        var tenant: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let service = MemberService(database: deployment.database)
            let context = try await deployment.context(tenant: tenant)
            let members = try await everything { try await service.list(context, $0) }
            try output.print(members, columns: Member.columns, rows: members.map(\.cells))
        }
    }

    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-role", abstract: "Gives a member other roles, which hold from the next request on.",
            discussion: "Roles that are not named are taken; `mehvar member roles` shows what they may do.")

        @OptionGroup var choice: MemberChoice
        @Option(name: .customLong("role"), help: "What the member is to the business; may stand several times.")
        var roles: [Role]
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let id = try choice.memberID
            let deployment = try Deployment()
            var changes = MemberChanges()
            changes.roles = roles
            let member = try await MemberService(database: deployment.database)
                .update(try await deployment.context(tenant: choice.tenant), id, ifVersion: nil, changes)
            try output.print(member, columns: Member.columns, rows: [member.cells])
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a member in no more; what the member did stays.")

        @OptionGroup var choice: MemberChoice

        func run() async throws {
            let id = try choice.memberID
            let deployment = try Deployment()
            let member = try await MemberService(database: deployment.database)
                .remove(try await deployment.context(tenant: choice.tenant), id)
            print("\(member.name) (\(member.email)) is let in no more")
        }
    }

    struct Roles: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows which role may do what.")

        @OptionGroup var output: OutputOptions

        func run() throws {
            try output.print(
                Role.table.map { Permission(scope: $0.scope, roles: $0.roles) },
                columns: ["scope"] + Role.allCases.map(\.rawValue),
                rows: Role.table.map { row in
                    [row.scope.rawValue] + Role.allCases.map { row.roles.contains($0) ? "yes" : "" }
                })
        }
    }
}

/// Which member a command means.
struct MemberChoice: ParsableArguments {
    @Option(help: "The tenant's slug.")
    var tenant: String
    @Argument(help: "The member's id, as `mehvar member list` shows it.")
    var id: String

    var memberID: Member.ID {
        get throws {
            guard let id = Member.ID(id) else { throw ValidationError("\"\(id)\" is no member's id.") }
            return id
        }
    }
}

/// Who has a scope.
private struct Permission: Encodable {
    let scope: Scope
    let roles: [Role]
}

/// Every item of a list, page by page.
func everything<Item: Listed>(_ list: (PageRequest<Item>) async throws -> Page<Item>) async throws -> [Item] {
    var items: [Item] = []
    var cursor: String?
    repeat {
        let page = try await list(try PageRequest(limit: PageLimit.range.upperBound, cursor: cursor))
        items += page.items
        cursor = page.nextCursor
    } while cursor != nil
    return items
}

extension Role: ExpressibleByArgument {}

extension Member {
    fileprivate static let columns = ["id", "name", "email", "roles", "joined_at", "last_sign_in_at"]
    fileprivate var cells: [String] {
        [
            id.description, name, email, roles.map(\.rawValue).joined(separator: " "), joinedAt?.short ?? "invited",
            lastSignInAt?.short ?? "",
        ]
    }
}
