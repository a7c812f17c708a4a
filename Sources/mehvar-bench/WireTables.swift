import Foundation
import Postgres

/// The tables of the benchmark `wire`, and what is read from them.
struct WireTables: Sendable {
    let customers: Int
    let rows: Int

    struct Customer: Sendable {
        let id: UUID
        let name: String
        let email: String?
        let createdAt: Date
        let attributes: JSONText
    }

    struct Item: Sendable {
        let id: Int
        let name: String
        let amount: Double
        let createdAt: Date
    }

    func fill(_ superuser: String) async throws {
        try await Connection.with(Configuration(url: superuser, applicationName: "mehvar-bench")) { connection in
            try await connection.execute(
                script: """
                    DROP SCHEMA IF EXISTS bench CASCADE;
                    CREATE SCHEMA bench;
                    CREATE TABLE bench.customer (
                        tenant_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, email text,
                        created_at timestamptz NOT NULL DEFAULT now(), attributes jsonb NOT NULL DEFAULT '{}',
                        PRIMARY KEY (tenant_id, id));
                    ALTER TABLE bench.customer ENABLE ROW LEVEL SECURITY;
                    ALTER TABLE bench.customer FORCE ROW LEVEL SECURITY;
                    CREATE POLICY tenant ON bench.customer TO mehvar_app
                        USING (tenant_id = current_setting('bench.tenant_id')::uuid);
                    INSERT INTO bench.customer (tenant_id, id, name, email)
                        SELECT md5((i % 100)::text)::uuid, md5(i::text)::uuid, 'Customer ' || i, 'c' || i || '@example.com'
                        FROM generate_series(1, \(customers)) AS i;
                    CREATE TABLE bench.item (id int8, name text, amount float8, created_at timestamptz);
                    INSERT INTO bench.item SELECT i, 'Item number ' || i, i * 0.01, now() FROM generate_series(1, \(rows)) AS i;
                    CREATE TABLE bench.copy (LIKE bench.item);
                    GRANT USAGE ON SCHEMA bench TO mehvar_app;
                    GRANT SELECT ON ALL TABLES IN SCHEMA bench TO mehvar_app;
                    """, name: "bench.fill")
            try await connection.execute(script: "VACUUM ANALYZE bench.customer", name: "bench.vacuum")
            try await connection.execute(script: "VACUUM ANALYZE bench.item", name: "bench.vacuum")
            try await connection.execute(script: "CHECKPOINT", name: "bench.checkpoint")
        }
    }

    /// The same statements as those of ``script``.
    static func setTenant(_ tenant: String) -> Statement<Void> {
        Statement(effect: "bench.tenant", "SELECT set_config('bench.tenant_id', md5(\(tenant)), true)")
    }

    static func find(_ tenant: String, _ customer: String) -> Statement<Customer?> {
        Statement(
            "bench.find",
            """
            SELECT id, name, email, created_at, attributes FROM bench.customer
            WHERE tenant_id = md5(\(tenant))::uuid AND id = md5(\(customer))::uuid
            """,
            optional: { row in
                try Customer(
                    id: row.next(), name: row.next(), email: row.nextIfPresent(), createdAt: row.next(),
                    attributes: row.next())
            })
    }

    var script: String {
        """
        \\set i random(1, \(customers))
        \\set t :i % 100
        \\startpipeline
        BEGIN;
        SELECT set_config('bench.tenant_id', md5(:t::text), true);
        SELECT id, name, email, created_at, attributes FROM bench.customer WHERE tenant_id = md5(:t::text)::uuid AND id = md5(:i::text)::uuid;
        COMMIT;
        \\endpipeline

        """
    }

    static let items = Statement(
        "bench.items", "SELECT id, name, amount, created_at FROM bench.item",
        all: { row in try Item(id: row.next(), name: row.next(), amount: row.next(), createdAt: row.next()) })
}
