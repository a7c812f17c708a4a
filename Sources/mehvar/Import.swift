import ArgumentParser
import CRM
import Foundation

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Imports customers or orders from a CSV or NDJSON file.",
        discussion: """
            customers: reference, name; and kind, stage, email, phone, language, time_zone, consent, birth_date, tags, markets and more \
            where there are such columns.
            orders: customer_ref, ordered_on, amount; and order_ref, quantity, currency.
            Customers are found again by reference, or what --key says, orders by order_ref, so the same file may be imported twice. \
            Rows that are wrong are told, and the others imported; with --all-or-nothing none is.
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case customers, orders }

    @Argument(help: "customers or orders.")
    var kind: Kind
    @Argument(help: "The file: CSV, NDJSON by its ending .ndjson, or either with .gz.", completion: .file())
    var file: String
    @Option(help: "The tenant's slug.")
    var tenant: String
    @Option(help: "What customers are found by: reference, email, phone, id, or references.SYSTEM.")
    var key = "reference"
    @Option(help: "utf-8 or windows-1256.")
    var encoding = "utf-8"
    @Option(help: "comma, semicolon or tab.")
    var delimiter = "comma"
    @Flag(help: "Import nothing when a row is wrong.")
    var allOrNothing = false
    @Flag(help: "Only try: check and count everything, and let nothing stay.")
    var dryRun = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard FileManager.default.isReadableFile(atPath: file) else { throw Failure("\(file) cannot be read.") }
        let options = try options()
        let deployment = try Deployment()
        let context = try await deployment.context(tenant: tenant)
        let service = ImportService(database: deployment.database)
        let kind: FileImport.Kind = self.kind == .customers ? .customers : .orders
        let id = FileImport.ID.make()
        _ = try await service.create(context, id: id, kind, options, from: URL(filePath: file), isQueued: false)
        try await ImportRunner(database: deployment.database).run(context, id, isLastAttempt: true)
        let found = try await service.find(context, kind, id)
        if found.state == .done { try print(found) }
        if found.counts.rejected > 0 {
            let rows = try await service.rejectedRows(context, kind, id, try PageRequest(limit: 20)).items
            throw Failure(
                (rows.flatMap(\.errors).map(Self.line) + [found.failure?.detail].compactMap(\.self)).joined(
                    separator: "\n"))
        }
        if let failure = found.failure { throw Failure(failure.detail) }
    }

    private func print(_ found: FileImport) throws {
        try output.print(
            found, columns: ["kind", "state", "rows", "created", "updated", "unchanged", "rejected"],
            rows: [
                [kind.rawValue, found.state.rawValue]
                    + [
                        found.counts.rows, found.counts.created, found.counts.updated, found.counts.unchanged,
                        found.counts.rejected,
                    ].map(String.init)
            ])
    }

    private func options() throws -> ImportOptions {
        var options = ImportOptions()
        guard ImportOptions.keyRule.fault(of: key) == nil else { throw ValidationError("--key cannot be \(key).") }
        guard let encoding = ImportOptions.Encoding(rawValue: encoding) else {
            throw ValidationError("--encoding is utf-8 or windows-1256.")
        }
        guard let delimiter = ImportOptions.Delimiter(rawValue: delimiter) else {
            throw ValidationError("--delimiter is comma, semicolon or tab.")
        }
        (options.key, options.encoding, options.delimiter) = (key, encoding, delimiter)
        options.isGzip = file.hasSuffix(".gz")
        let name = options.isGzip ? String(file.dropLast(3)) : file
        if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { options.format = .ndjson }
        options.mode = allOrNothing ? .allOrNothing : .partial
        options.isDryRun = dryRun
        return options
    }

    private static func line(_ error: FieldError) -> String {
        "row \(error.row ?? 0)\(error.column.map { ", \($0)" } ?? ""): \(error.detail)"
    }
}
