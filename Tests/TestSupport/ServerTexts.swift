public import Foundation
import Postgres

/// What stands in a tenant's rows, whatever the tables are.
extension TestDatabase {
    /// Every text of a tenant in schema `crm`, also those within JSON, and every id; no times.
    public func texts(of tenant: UUID) async throws -> [String] {
        try await texts(
            """
            SELECT coalesce((xpath('/row/found/text()', query_to_xml(format(
                'SELECT string_agg(DISTINCT v #>> ''{}'', chr(10)) AS found
                FROM %s r CROSS JOIN LATERAL jsonb_path_query(to_jsonb(r), ''$.** ? (@.type() == "string")'') v
                WHERE r.tenant_id = %L AND v #>> ''{}'' !~ ''^[0-9]{4}-[0-9]{2}-[0-9]{2}''',
                t.name, \(tenant)::uuid), false, true, '')))[1]::text, '')
            FROM (\(Self.tables)) t
            """)
    }

    /// Puts the mark behind every text of the tenant in schema `crm` that may be any: names, addresses, comments. The rows are there to
    /// be looked for from then on, and not to be read.
    public func mark(_ tenant: UUID, with mark: String) async throws {
        let columns = try await texts(
            """
            SELECT format('UPDATE %s SET %I = %I || %L WHERE tenant_id = %L', t.name, a.attname, a.attname, \(mark)::text, \(tenant)::uuid)
            FROM (\(Self.tables)) t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = '' AND a.atttypid = 'text'::regtype
            """)
        // A column that takes none of it stays as it is.
        let attempts = columns.map {
            "BEGIN \($0); EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN NULL; END;"
        }
        try await execute("DO $mark$ BEGIN \(attempts.joined(separator: "\n")) END $mark$")
    }

    /// The tables of schema `crm` that hold rows of tenants, partitions apart.
    private static let tables: SQL = """
        SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c
        WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
        """
}
