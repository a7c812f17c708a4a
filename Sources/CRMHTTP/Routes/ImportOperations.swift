import CRM
import Foundation
import HTTPTypes

struct ImportOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Imports", "Customers and orders from CSV files, each file whole or not at all.")

    let imports: ImportService
    let spool: UploadSpool

    var operations: [Operation] {
        let tag = Self.tag
        return [
            upload(
                .at(
                    "/v1/customers/import", "import_customers", "Import customers", tag, .customersWrite,
                    problems: [.importRunning]),
                example: "reference,name,email,language,consent\nB-2,Thomas Reed,thomas@readers.example,en,yes\n"
            ) { try await imports.importCustomers($0, id: $1, from: $2) },
            upload(
                .at(
                    "/v1/orders/import", "import_orders", "Import orders", tag, .ordersWrite,
                    problems: [.importRunning, .duplicateImport]),
                example: "order_ref,customer_ref,ordered_on,quantity,amount\n1,B-2,2026-09-04,1,8.99\n"
            ) { try await imports.importOrders($0, id: $1, from: $2) },
        ]
    }

    /// A file in the body, which waits on the disk until it is there as a whole.
    private func upload(
        _ declared: Declaration<TenantContext>, example: String,
        _ work: @escaping @Sendable (TenantContext, ImportReport.ID, URL) async throws -> ImportReport
    ) -> Operation {
        Operation(
            .post, declared, parameters: [.idempotencyKey],
            content: Operation.Content(types: ["text/csv"], schema: .string, example: example),
            success: .value(ImportReport.self, ImportReport.schemaDescription, headers: [.replayed]),
            problems: [.invalid, .tooLarge, .unsupportedMediaType] + ProblemCode.ofIdempotency
        ) { call in
            try call.query { _ in }
            return try await spool.withFile(call.request, type: "text/csv") { file, digest in
                let id = ImportReport.ID.make()
                let context = try call.idempotent(declared.name, body: digest, object: id.rawValue)
                return try await Operation.replaying {
                    Reply.value(try await work(context, id, file))
                } replay: { object in
                    Reply.value(try await imports.find(call.caller, ImportReport.ID(rawValue: object)))
                }
            }
        }
    }
}
