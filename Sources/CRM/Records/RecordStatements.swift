import Postgres

enum RecordStatements<Values: RecordValues> {
    private static var table: RecordTable { Values.table }

    private static var rows: SQL {
        "SELECT id, version, created_at, updated_at, \(SQL.joined(table.columns, by: ", ")) FROM \(table.name)"
    }

    static func find(_ tenant: Tenant.ID, _ id: Record<Values>.ID) -> Statement<Record<Values>?> {
        Statement(
            table.statements.find, "\(rows) WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL",
            optional: Record.init(row:))
    }

    static func list(
        _ tenant: Tenant.ID, _ filter: RecordFilter<Values>, _ page: PageRequest<Record<Values>>
    ) -> Statement<[Record<Values>]> {
        Statement(
            table.statements.list,
            """
            \(rows) WHERE tenant_id = \(tenant) AND deleted_at IS NULL \(filter.condition)
            \(page.clause(id: "id"))
            """, all: Record.init(row:))
    }

    /// The object, which nobody links anything to until the transaction ends.
    static func lock(_ tenant: Tenant.ID, _ id: Record<Values>.ID) -> Statement<Record<Values>?> {
        Statement(
            table.statements.lock,
            "\(rows) WHERE tenant_id = \(tenant) AND id = \(id) AND deleted_at IS NULL FOR UPDATE",
            optional: Record.init(row:))
    }

    /// What refers to the object, in words.
    static func uses(_ tenant: Tenant.ID, _ id: Record<Values>.ID) -> Statement<[String]> {
        let uses: [SQL] = table.uses.map { use in
            """
            CASE WHEN EXISTS (SELECT FROM \(use.table) u WHERE u.tenant_id = \(tenant) AND u.\(use.column) = \(id)
                AND \(use.condition)) THEN \(use.spoken)::text END
            """
        }
        return Statement(
            table.statements.uses, "SELECT array_remove(ARRAY[\(SQL.joined(uses, by: ", "))]::text[], NULL)",
            one: { try $0.next() })
    }

    static func insert(_ tenant: Tenant.ID, _ id: Record<Values>.ID, _ values: Values) -> Statement<Int> {
        Statement(
            table.statements.insert,
            """
            INSERT INTO \(table.name) (tenant_id, id, \(SQL.joined(table.columns, by: ", ")))
            VALUES (\(tenant), \(id), \(SQL.joined(values.columns, by: ", ")))
            """)
    }

    /// 0 when the object has another version by now.
    static func update(_ tenant: Tenant.ID, _ old: Record<Values>, _ values: Values) -> Statement<Int> {
        let assignments = zip(table.columns, values.columns).map { column, value in "\(column) = \(value)" as SQL }
        return Statement(
            table.statements.update,
            """
            UPDATE \(table.name) SET \(SQL.joined(assignments, by: ", ")), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }

    /// 0 when the object has another version by now.
    static func remove(_ tenant: Tenant.ID, _ old: Record<Values>) -> Statement<Int> {
        Statement(
            table.statements.remove,
            """
            UPDATE \(table.name) SET deleted_at = now(), version = version + 1, updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(old.id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }
}
