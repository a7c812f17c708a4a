import ArgumentParser
import CRM
import Foundation

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Imports customers or orders from a CSV file, all or nothing.",
        discussion: """
            customers: reference, name; and kind, stage, email, phone, language, time_zone, consent where there are such columns.
            orders: customer_ref, ordered_on, amount; and order_ref, quantity, currency.
            Customers are found again by reference, orders by order_ref, so the same file may be imported twice.
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case customers, orders }

    @Argument(help: "customers or orders.")
    var kind: Kind
    @Argument(help: "The CSV file, in UTF-8.", completion: .file(extensions: ["csv"]))
    var file: String
    @Option(help: "The tenant's slug.")
    var tenant: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard FileManager.default.isReadableFile(atPath: file) else { throw Failure("\(file) cannot be read.") }
        let deployment = try Deployment()
        let context = try await deployment.context(tenant: tenant)
        let service = ImportService(database: deployment.database)
        let url = URL(filePath: file)
        let report =
            switch kind {
            case .customers: try await service.importCustomers(context, from: url)
            case .orders: try await service.importOrders(context, from: url)
            }
        try output.print(
            report, columns: ["kind", "rows", "created", "updated", "unchanged"],
            rows: [[kind.rawValue] + [report.rows, report.created, report.updated, report.unchanged].map(String.init)])
    }
}
