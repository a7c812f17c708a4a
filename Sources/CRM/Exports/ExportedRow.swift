public import Postgres

/// A row of a file that goes out: with the columns that an import takes, so that it can come in again.
public protocol ExportedRow: Sendable {
    associatedtype Filter: Sendable
    /// Where a row stands in the order of the file.
    associatedtype Position: Sendable

    static var kind: FileImport.Kind { get }
    /// The first line of a CSV file.
    static var columns: [String] { get }

    /// - Throws: ``ServiceError/forbidden(scope:)`` for who may not read all of what the file has.
    static func admit(_ context: TenantContext, _ filter: Filter) throws

    /// What raises `MV006` when the filter cannot be used; `nil` for one that can be in any case.
    static func check(_ tenant: Tenant.ID, _ filter: Filter) throws -> Statement<Void>?

    /// The next rows in the order of the file.
    static func rows(_ tenant: Tenant.ID, _ filter: Filter, after last: Position?, limit: Int) -> Statement<[Self]>

    var position: Position { get }

    /// The cells of a row of CSV, in the order of the columns.
    func write(to csv: inout CSVWriter)

    /// One line of NDJSON without its end.
    func write(to json: inout JSONWriter)
}
