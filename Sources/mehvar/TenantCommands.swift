public import ArgumentParser
import CRM

struct TenantCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Creates the businesses of the deployment, suspends them and lets them go.",
        subcommands: [
            Create.self, List.self, Usage.self, Suspend.self, Resume.self, Delete.self, CancelDeletion.self,
            Erasure.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates a tenant.",
            discussion: """
                What is not named is as for a business in Iran: Persian, the Jalali calendar, Tehran's time, rials. The working week \
                is Saturday to Wednesday where the calendar is jalali, and Monday to Friday elsewhere. The business changes all of it at /v1/settings.
                """)

        @Option(help: "Short name that people sign in with, such as parsian.")
        var slug: String
        @Option(help: "The business's name as its customers see it.")
        var name: String
        @Option(help: "Language tag of the business.")
        var locale = "fa"
        @Option(help: "IANA time zone.")
        var timeZone = "Asia/Tehran"
        @Option(help: "gregorian or jalali.")
        var calendar: TenantSettings.CalendarKind = .jalali
        @Option(help: "ISO 4217 code.")
        var currency = "IRR"
        @Option(help: "The name that mails come from (default: the business's).")
        var senderName: String?
        @Option(help: "The address that mails come from, such as hello@parsian.example.")
        var senderAddress: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tenant = try await Deployment().tenants.create(
                .cli,
                NewTenant(
                    slug: slug, name: name, locale: locale, timeZone: timeZone, calendar: calendar, currency: currency,
                    senderName: senderName, senderAddress: senderAddress))
            try output.print(tenant, columns: Tenant.columns, rows: [tenant.cells])
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists every tenant.")

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tenants = try await Deployment().tenants.list()
            try output.print(tenants, columns: Tenant.columns, rows: tenants.map(\.cells))
        }
    }
}

extension TenantCommands {
    struct Usage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows how much a tenant keeps and does.")

        @Argument(help: "The tenant's slug.")
        var tenant: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let usage = try await deployment.tenants.usage(.cli, try await deployment.tenant(tenant).id)
            try output.print(
                usage,
                columns: ["customers", "members", "keys", "mails, 30 days", "responses, 30 days", "waiting", "dead"],
                rows: [
                    [
                        usage.customers, usage.members, usage.keys, usage.mails, usage.responses, usage.waitingJobs,
                        usage.deadJobs,
                    ].map(String.init)
                ])
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuses a tenant's requests and holds its jobs; nothing is lost.")

        @OptionGroup var move: Move

        func run() async throws { try await move.run { try await $0.suspend(.cli, $1) } }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets a suspended tenant go on where it stood.")

        @OptionGroup var move: Move

        func run() async throws { try await move.run { try await $0.resume(.cli, $1) } }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuses a tenant's requests now, and has everything of it erased after 7 days.",
            discussion: "`mehvar tenant cancel-deletion` keeps it; once it is erased only a backup has it.")

        @OptionGroup var move: Move

        func run() async throws { try await move.run { try await $0.scheduleDeletion(.cli, $1) } }
    }

    struct CancelDeletion: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel-deletion", abstract: "Keeps a tenant that was to be erased.")

        @OptionGroup var move: Move

        func run() async throws { try await move.run { try await $0.cancelDeletion(.cli, $1) } }
    }

    struct Erasure: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what was erased of a tenant, by its id.")

        @Argument(help: "The tenant's id, as `mehvar tenant list` and `mehvar tenant delete` show it.")
        var id: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let id = CRM.Erasure.ID(id) else { throw ValidationError("\"\(id)\" is no tenant's id.") }
            let erasure = try await Deployment().tenants.erasure(.cli, id)
            try output.print(
                erasure, columns: ["table", "rows erased"],
                rows: erasure.erased.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] }
                    + [["everything", erasure.endedAt.map { "by \($0.short)" } ?? "not yet"]])
        }
    }

    /// What all changes of a tenant's state have in common.
    struct Move: ParsableArguments {
        @Argument(help: "The tenant's slug.")
        var tenant: String
        @OptionGroup var output: OutputOptions

        func run(_ move: (TenantService, Tenant.ID) async throws -> Tenant) async throws {
            let deployment = try Deployment()
            let moved = try await move(deployment.tenants, try await deployment.tenant(tenant).id)
            try output.print(moved, columns: Tenant.columns, rows: [moved.cells])
        }
    }
}

extension TenantSettings.CalendarKind: ExpressibleByArgument {}

extension Tenant {
    fileprivate static let columns = ["id", "slug", "name", "state", "created_at", "erase_after"]
    fileprivate var cells: [String] {
        [id.description, slug, name, state.rawValue, createdAt.short, eraseAfter?.short ?? ""]
    }
}
