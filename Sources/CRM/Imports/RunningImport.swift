import Foundation
public import Postgres

/// What whoever goes on with an import has to know of it.
struct RunningImport {
    let kind: FileImport.Kind
    let options: ImportOptions
    var place: FilePlace
    var rejected: Int
    let rows: Int
    let chunks: Int
    let actor: TenantContext.Actor

    init(row: inout RowReader) throws {
        kind = try row.next()
        options = try row.next(JSONValue<ImportOptions>.self).value
        place = FilePlace(
            offset: try row.next(), line: try row.next(), isBehindCarriageReturn: try row.next())
        rejected = try row.next()
        rows = try row.next()
        chunks = try row.next()
        let kind: String = try row.next()
        let id: UUID? = try row.nextIfPresent()
        actor =
            switch (kind, id) {
            case ("member", .some(let id)): .member(Member.ID(rawValue: id))
            case ("key", .some(let id)): .key(APIKey.ID(rawValue: id))
            case ("job", .some(let id)): .job(id)
            case ("platform", .some(let id)): .platform(id)
            default: .cli
            }
    }
}

extension FileImport {
    init(row: inout RowReader) throws {
        let (id, kind, state): (ID, Kind, State) = (try row.next(), try row.next(), try row.next())
        let options = try row.next(JSONValue<ImportOptions>.self).value
        let titles: [String] = try row.next()
        let (size, chunks, read): (Int, Int, Int) = (try row.next(), try row.next(), try row.next())
        let counts = ImportCounts(
            rows: try row.next(), created: try row.next(), updated: try row.next(), rejected: try row.next())
        let (code, detail): (String?, String?) = (try row.nextIfPresent(), try row.nextIfPresent())
        var failure: Failure?
        if let code, let detail { failure = Failure(code: code, detail: detail) }
        self.init(
            id: id, kind: kind, state: state, options: options, titles: titles, size: size,
            progress: state == .done || chunks == 0 ? 1 : Double(min(read, chunks) * 100 / chunks) / 100,
            counts: counts,
            failure: failure, actorKind: try row.next(), actorID: try row.nextIfPresent(),
            startedAt: try row.nextIfPresent(), endedAt: try row.nextIfPresent(), version: try row.next(),
            createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension RejectedRow {
    init(row: inout RowReader) throws {
        let number: Int = try row.next()
        let errors = try row.next(JSONValue<[FieldError]>.self).value
        self.init(row: number, errors: errors, content: try row.next())
    }
}

extension FileImport.Kind: PostgresEncodable, PostgresDecodable {}
extension FileImport.State: PostgresEncodable, PostgresDecodable {}
