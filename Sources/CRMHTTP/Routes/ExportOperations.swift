import CRM
import HTTPTypes
import Hummingbird

struct ExportOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Exports", "Customers as a file, which starts at once, however many there are.")

    let export: CustomerExport

    var operations: [Operation] {
        [
            Operation(
                .get,
                .at("/v1/customers/export", "export_customers", "Export customers as a file", Self.tag, .customersRead),
                parameters: QueryReader.parameters { _ = ExportQuery(&$0) },
                success: Operation.Success(
                    status: .ok,
                    description:
                        "The customers, oldest first, with the columns that an import takes. Texts that a spreadsheet would take for formulas stand behind an apostrophe, which an import takes away.",
                    payload: Operation.Payload(type: "text/csv", schema: .string, example: CustomerExport.example)),
                problems: [.invalid]
            ) { (call: Call<TenantContext>) in
                let query = try call.query { ExportQuery(&$0) }
                let caller = call.caller
                // Who asks for the head takes nobody along.
                let isNoted = call.request.method != .head
                try await call.filtering { try await export.begin(caller, query.filter, isNoted: isNoted) }
                let isCSV = query.format == .csv
                return try Reply.file(
                    call.request, isCSV ? "customers.csv" : "customers.ndjson",
                    type: isCSV ? "text/csv; charset=utf-8" : "application/x-ndjson", readmit: call.readmit
                ) { CustomerPieces(export: export, caller: caller, query: query) }
            }
        ]
    }
}

private struct ExportQuery: Sendable {
    let filter: CustomerFilter
    let format: ImportOptions.Format
    let hasMark: Bool

    init(_ query: inout QueryReader) {
        filter = CustomerFilter(&query)
        format = query.choice("format", "csv (the usual) or ndjson.") ?? .csv
        hasMark =
            query.flag("bom", "Whether CSV begins with a byte order mark, by which spreadsheets know UTF-8.") ?? false
    }
}

/// The file of customers, some at a time.
private struct CustomerPieces: PieceMaking {
    let export: CustomerExport
    let caller: TenantContext
    let query: ExportQuery
    private var last: Customer.ID?

    init(export: CustomerExport, caller: TenantContext, query: ExportQuery) {
        (self.export, self.caller, self.query) = (export, caller, query)
    }

    mutating func next() async throws -> (bytes: [UInt8], isLast: Bool) {
        let piece = try await export.piece(caller, query.filter, query.format, after: last, withMark: query.hasMark)
        last = piece.next
        return (piece.bytes, piece.next == nil)
    }
}
