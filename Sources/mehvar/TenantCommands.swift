public import ArgumentParser
import CRM

struct TenantCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Creates and lists the businesses of the deployment.",
        subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Creates a tenant.")

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
        @Option(help: "The address that mails come from.")
        var senderAddress: String?

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tenant = try await Deployment().tenants.create(
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

extension TenantSettings.CalendarKind: ExpressibleByArgument {}

extension Tenant {
    fileprivate static let columns = ["id", "slug", "name", "state", "created_at"]
    fileprivate var cells: [String] { [id.description, slug, name, state.rawValue, createdAt.short] }
}
