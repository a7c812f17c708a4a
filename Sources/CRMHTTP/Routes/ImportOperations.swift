import CRM
import Foundation
import HTTPTypes
import Hummingbird

/// Files of one kind on their way in.
struct ImportOperations: OperationGroup {
    private static let tag = Operation.Tag("Imports", ImportText.chapter)

    let kind: FileImport.Kind
    let imports: ImportService
    let spool: UploadSpool

    /// What operations are called: `import_customers`.
    private var noun: String { kind.rawValue }
    private var one: String { kind == .customers ? "customer" : "order" }
    private var path: String { "/v1/\(noun)/imports" }

    private var content: Operation.Content {
        switch kind {
        case .customers:
            Operation.Content(
                types: Self.types, schema: .string,
                example: "reference,name,email,language,consent\nB-2,Thomas Reed,thomas@readers.example,en,yes\n",
                examples: [Self.types[1]: #"{"reference": "B-2", "name": "Thomas Reed", "tags": ["poetry"]}"#])
        case .orders:
            Operation.Content(
                types: Self.types, schema: .string,
                example: "order_ref,customer_ref,ordered_on,quantity,amount\n1,B-2,2026-09-04,1,8.99\n",
                examples: [
                    Self.types[1]:
                        #"{"order_ref": "1", "customer_ref": "B-2", "ordered_on": "2026-09-04", "amount": "8.99"}"#
                ])
        }
    }

    var operations: [Operation] {
        let (tag, kind, path) = (Self.tag, kind, path)
        return [
            upload(
                .at(
                    path, "import_\(noun)", "Import \(noun) from a file", tag, kind.writeScope,
                    problems: kind == .orders ? [.duplicateImport] : [])),
            .list(
                .at(path, "list_\(one)_imports", "List imports of \(noun)", tag, kind.readScope), by: ImportFilter.self
            ) { try await imports.list($0.caller, kind, $1, $2) },
            .find(
                .at(
                    "\(path)/{id}", "find_\(one)_import", "Show an import of \(noun), and how far it is", tag,
                    kind.readScope)
            ) { try await imports.find($0, kind, $1) },
            .act(
                .at("\(path)/{id}/cancel", "cancel_\(one)_import", "Stop an import of \(noun)", tag, kind.writeScope),
                { try await imports.cancel($0, kind, $1) }, replay: { try await imports.find($0, kind, $1) }),
            .act(
                .at(
                    "\(path)/{id}/resume", "resume_\(one)_import", "Have an import of \(noun) go on", tag,
                    kind.writeScope,
                    problems: [.notResumable]), status: .accepted,
                { try await imports.resume($0, kind, $1) }, replay: { try await imports.find($0, kind, $1) }),
            .list(
                .at(
                    "\(path)/{id}/rejected-rows", "list_rejected_\(noun)", "List the rows that were wrong", tag,
                    kind.writeScope), of: FileImport.self
            ) { try await imports.rejectedRows($0.caller, kind, $0.identifier(), $1) },
            rejectedFile(
                .at(
                    "\(path)/{id}/rejected-rows/file", "download_rejected_\(noun)", "Download the rows that were wrong",
                    tag,
                    kind.writeScope)),
        ]
    }

    /// A file in the body, which waits on the disk until it is there as a whole.
    private func upload(_ declared: Declaration<TenantContext>) -> Operation {
        let (kind, path) = (kind, path)
        return Operation(
            .post, declared,
            parameters: [.idempotencyKey, .contentEncoding] + QueryReader.parameters { _ = ImportOptions(&$0, kind) },
            content: content,
            success: .object(
                FileImport.self, .accepted, "The file was taken in; where to see what becomes of it.",
                headers: [.eTag, .location, .replayed]),
            problems: [.invalid, .tooLarge, .unsupportedMediaType] + ProblemCode.ofIdempotency
        ) { call in
            var options = try call.query { ImportOptions(&$0, kind) }
            try options.read(call.request.headers)
            let settled = options
            return try await spool.withFile(call.request, types: Self.types) { file, digest in
                let id = FileImport.ID.make()
                let headers = call.request.headers
                let beside = [call.request.uri.query, headers[.contentType], headers[.contentEncoding]]
                let asked = digest + Array(beside.map { $0 ?? "" }.joined(separator: "\n").utf8)
                let context = try call.idempotent(declared.name, body: asked, object: id.rawValue)
                return try await Operation.replaying {
                    let found = try await imports.create(context, id: id, kind, settled, from: file)
                    return Reply.begun(found, in: path)
                } replay: { object in
                    let context = call.caller.reading(kind.writeScope)
                    let found = try await imports.find(context, kind, FileImport.ID(rawValue: object))
                    return Reply.begun(found, in: path)
                }
            }
        }
    }

    private static let types = ["text/csv", "application/x-ndjson"]

    private func rejectedFile(_ declared: Declaration<TenantContext>) -> Operation {
        let kind = kind
        return Operation(
            .get, declared, parameters: [.identifier(FileImport.self)],
            success: Operation.Success(
                status: .ok,
                description:
                    "The rows in the order of the file, with what is wrong: CSV with two more columns, which an import passes over; of an NDJSON file an object a line.",
                payload: Operation.Payload(
                    type: "text/csv", schema: .string, example: RejectedFile.header(of: .example))),
            problems: [.notFound]
        ) { call in
            try call.query { _ in }
            let found = try await imports.find(call.caller.reading(kind.writeScope), kind, call.identifier())
            let (caller, isCSV) = (call.caller, found.options.format == .csv)
            return try Reply.file(
                call.request, isCSV ? "rejected.csv" : "rejected.ndjson",
                type: isCSV ? "text/csv; charset=utf-8" : "application/x-ndjson", readmit: call.readmit
            ) { RejectedPieces(imports: imports, caller: caller, file: found) }
        }
    }
}

/// The file of rows that were wrong, page by page.
private struct RejectedPieces: PieceMaking {
    let imports: ImportService
    let caller: TenantContext
    let file: FileImport
    private var cursor: String?
    private var isFirst = true

    init(imports: ImportService, caller: TenantContext, file: FileImport) {
        (self.imports, self.caller, self.file) = (imports, caller, file)
    }

    mutating func next() async throws -> (bytes: [UInt8], isLast: Bool) {
        let request = try PageRequest<RejectedRow>(limit: PageLimit.range.upperBound, cursor: cursor)
        let page = try await imports.rejectedRows(caller, file.kind, file.id, request)
        cursor = page.nextCursor
        let isCSV = file.options.format == .csv
        var bytes: [UInt8] = isFirst && isCSV ? RejectedFile.header(of: file) : []
        isFirst = false
        bytes += isCSV ? RejectedFile.csv(page.items, of: file) : RejectedFile.ndjson(page.items)
        return (bytes, cursor == nil)
    }
}

extension ImportFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        states = query.filterChoices("state", "Only imports in this state.")
    }
}

extension ImportOptions {
    init(_ query: inout QueryReader, _ kind: FileImport.Kind) {
        self.init()
        if kind == .customers {
            key =
                query.text(
                    "key", Self.keyRule,
                    "What rows are found again by: reference (the usual), email, phone, id, or references. with a system's name."
                ) ?? key
        }
        mode =
            query.choice(
                "mode",
                "What becomes of a file in which some rows are wrong: the others are imported (partial, the usual), or none."
            ) ?? mode
        isDryRun =
            query.flag(
                "dry_run", "Whether the file is only tried: everything is checked and counted, and nothing stays.")
            ?? false
        encoding =
            query.choice(
                "encoding", "How the text is written; utf-8 unless said, here or as the charset of Content-Type.")
            ?? encoding
        delimiter = query.choice("delimiter", "What stands between the cells of CSV; commas unless said.") ?? delimiter
        if let text = query.text(
            "columns", Self.columnsRule,
            "A JSON object: what columns are called in the file, and what they are here; null for one to be passed over. Without it the names are those that the documentation lists."
        ) {
            columns = Self.columns(text) ?? [:]
        }
    }

    /// What the header says of the body.
    mutating func read(_ headers: HTTPFields) throws {
        let type = headers[.contentType] ?? ""
        if Body.mediaType(type) == "application/x-ndjson" { format = .ndjson }
        isGzip = headers[.contentEncoding]?.lowercased() == "gzip"
        for parameter in type.split(separator: ";").dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"")).lowercased()
            }
            guard pair.count == 2, pair[0] == "charset" else { continue }
            guard let charset = Encoding(rawValue: pair[1] == "utf8" ? "utf-8" : pair[1]) else {
                throw RequestProblem.unsupportedMediaType(expected: "text in utf-8 or windows-1256")
            }
            if charset != .utf8 { encoding = charset }
        }
    }
}

extension Parameter {
    static let contentEncoding = Parameter(
        .header, "Content-Encoding", .choice(["gzip", "identity"]), "gzip for a file that is compressed.")
}
