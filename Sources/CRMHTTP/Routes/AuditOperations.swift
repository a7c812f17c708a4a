import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

struct AuditOperations: OperationGroup {
    private static let tag = Operation.Tag("Audit log", "Who did what, when, and what was changed by it.")

    let audit: AuditService

    var operations: [Operation] {
        [
            .list(
                .at("/v1/audit", "list_audit", "List the audit log", Self.tag, .auditRead), by: AuditFilter.self
            ) { try await audit.list($0.caller, $1, $2) },
            Operation(
                .get,
                .at("/v1/audit/export", "export_audit", "Export the audit log, an entry a line", Self.tag, .auditRead),
                parameters: QueryReader.parameters { _ = AuditFilter(&$0) },
                success: Operation.Success(
                    status: .ok, description: "Every entry, newest first: newline-delimited JSON.",
                    payload: Operation.Payload(
                        type: "application/x-ndjson", schema: .string,
                        example: JSONWriter.bytes(of: AuditEntry.example)))
            ) { (call: Call<TenantContext>) in
                let filter = try call.query { AuditFilter(&$0) }
                let caller = call.caller
                // Who asks for the head takes nothing along.
                if call.request.method != .head { try await audit.noteExport(caller) }
                return Response(
                    status: .ok, headers: [.contentType: "application/x-ndjson"],
                    body: ResponseBody { writer in
                        // Page by page, so that nothing is kept open however long the reader takes.
                        var cursor: String?
                        repeat {
                            let request = try PageRequest<AuditEntry>(
                                limit: PageLimit.range.upperBound, cursor: cursor)
                            let page = try await audit.list(caller, filter, request)
                            var lines = ByteBuffer()
                            for entry in page.items {
                                lines.writeBytes(JSONWriter.bytes(of: entry))
                                lines.writeString("\n")
                            }
                            try await writer.write(lines)
                            cursor = page.nextCursor
                            // A key that is revoked meanwhile gets no more; each page counts as a request.
                            if cursor != nil { try await call.readmit() }
                        } while cursor != nil
                        try await writer.finish(nil)
                    })
            },
        ]
    }
}

extension AuditFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        actorKinds = query.filterChoices("actor_kind", "Only what callers of this kind did.")
        actorID = query.filterUUID("actor_id", "Only what this member, key or job did.")
        actions = query.filterTexts("action", Self.word, "Only this action, such as customer.updated.")
        objectKinds = query.filterTexts("object_kind", Self.word, "Only what was done to objects of this kind.")
        objectID = query.filterUUID("object_id", "Only what was done to this object.")
        from = query.filterTime("occurred_at", "gte", "Only what was done at this time or later.")
        until = query.filterTime("occurred_at", "lt", "Only what was done before this time.")
    }
}
