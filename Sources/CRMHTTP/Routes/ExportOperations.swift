import CRM
import HTTPTypes
import Hummingbird

struct ExportOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Exports", "Customers and orders as files, which start at once, however many there are.")

    let customers: CustomerExport
    let orders: OrderExport

    var operations: [Operation] {
        [
            .export(
                .at("/v1/customers/export", "export_customers", "Export customers as a file", Self.tag, .customersRead),
                from: customers, "The customers, oldest first, with the columns that an import takes."),
            .export(
                .at("/v1/orders/export", "export_orders", "Export orders as a file", Self.tag, .ordersRead),
                from: orders,
                "The orders, oldest first, one a row with what it came to, with the columns that an import takes. It needs customers:read as well, for the reference by which an import finds who bought; that is empty for a customer who has none or was deleted, and an import rejects such rows. Lines, returns and the time of the day are not in it, and an order without a reference comes in as another one."
            ),
        ]
    }
}

extension Operation {
    /// A file of what the filters of a list leave.
    fileprivate static func export<Row: ExportedRow>(
        _ declared: Declaration<TenantContext>, from export: FileExport<Row>, _ description: String
    ) -> Operation where Row.Filter: ListFilter {
        Operation(
            .get, declared, parameters: QueryReader.parameters { _ = ExportQuery<Row.Filter>(&$0) },
            success: Operation.Success(
                status: .ok,
                description: description
                    + " Texts that a spreadsheet would take for formulas stand behind an apostrophe, which an import takes away.",
                payload: Operation.Payload(type: "text/csv", schema: .string, example: FileExport<Row>.example)),
            problems: [.invalid]
        ) { call in
            let query = try call.query { ExportQuery<Row.Filter>(&$0) }
            let caller = call.caller
            // Who asks for the head takes nothing along.
            let isNoted = call.request.method != .head
            try await call.filtering { try await export.begin(caller, query.filter, isNoted: isNoted) }
            let isCSV = query.format == .csv
            return try Reply.file(
                call.request, "\(Row.kind.rawValue).\(query.format.rawValue)",
                type: isCSV ? "text/csv; charset=utf-8" : "application/x-ndjson", readmit: call.readmit
            ) { ExportedPieces(export: export, caller: caller, query: query) }
        }
    }
}

private struct ExportQuery<Filter: ListFilter>: Sendable {
    let filter: Filter
    let format: ImportOptions.Format
    let hasMark: Bool

    init(_ query: inout QueryReader) {
        filter = Filter(&query)
        format = query.choice("format", "csv (the usual) or ndjson.") ?? .csv
        hasMark =
            query.flag("bom", "Whether CSV begins with a byte order mark, by which spreadsheets know UTF-8.") ?? false
    }
}

/// The file, some rows at a time.
private struct ExportedPieces<Row: ExportedRow>: PieceMaking where Row.Filter: ListFilter {
    let export: FileExport<Row>
    let caller: TenantContext
    let query: ExportQuery<Row.Filter>
    private var last: Row.Position?

    init(export: FileExport<Row>, caller: TenantContext, query: ExportQuery<Row.Filter>) {
        (self.export, self.caller, self.query) = (export, caller, query)
    }

    mutating func next() async throws -> (bytes: [UInt8], isLast: Bool) {
        let piece = try await export.piece(caller, query.filter, query.format, after: last, withMark: query.hasMark)
        last = piece.next
        return (piece.bytes, piece.next == nil)
    }
}
