public import Foundation
public import Postgres

/// What a test asks the database as the superuser, past row level security.
extension TestDatabase {
    /// The single number that a query gives.
    public func number(_ query: SQL) async throws -> Int {
        try await Connection.with(configuration()) { connection in
            try await connection.run(Statement<Int>("test.number", query, one: { try $0.next() }))
        }
    }

    /// The first column of every row, which is text.
    public func texts(_ query: SQL) async throws -> [String] {
        try await Connection.with(configuration()) { connection in
            try await connection.run(Statement<[String]>("test.texts", query, all: { try $0.next() }))
        }
    }

    /// Runs a command and gives the number of rows that it touched.
    @discardableResult
    public func run(_ command: SQL) async throws -> Int {
        try await Connection.with(configuration()) { connection in
            try await connection.run(Statement<Int>("test.run", command))
        }
    }

    /// The tables of the schemas `crm`, `job` and `platform`, partitions apart, with a digest of the rows of each.
    ///
    /// - Parameter tenant: only the rows of this tenant, in tables that have tenants.
    public func digests(of tenant: UUID? = nil) async throws -> [String: String] {
        let rows = try await Connection.with(configuration()) { connection in
            try await connection.run(
                Statement<[(String, String)]>(
                    "test.digests",
                    """
                    SELECT t.name, (xpath('/row/digest/text()', query_to_xml(format(
                        'SELECT md5(coalesce(string_agg(r::text, chr(10) ORDER BY r::text), '''')) AS digest FROM %s r %s',
                        t.name, t.condition), false, true, '')))[1]::text
                    FROM (
                        SELECT c.oid::regclass::text AS name, CASE WHEN \(tenant)::uuid IS NOT NULL AND EXISTS (
                            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
                            THEN format('WHERE tenant_id = %L', \(tenant)::uuid) END AS condition
                        FROM pg_class c
                        WHERE c.relnamespace IN ('crm'::regnamespace, 'job'::regnamespace, 'platform'::regnamespace)
                            AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                    ) t
                    """, all: { row in (try row.next(), try row.next()) }))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}

/// The tables whose rows are not the same.
public func differences(_ before: [String: String], _ after: [String: String]) -> [String] {
    Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
}
