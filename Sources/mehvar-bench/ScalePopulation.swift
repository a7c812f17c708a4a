import CRM
import Foundation
import Postgres

/// The customers of the scale benchmark, who become more and more. The i-th belongs to the tenant 0 when ten divides i, so that this
/// one holds a tenth, else to tenant i modulo 100.
struct ScalePopulation {
    let superuser: String

    static let largest = Tenant.ID(rawValue: UUID(uuid: (1, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0)))
    private static let tenant =
        "('01900000-0000-7000-8000-' || lpad((CASE WHEN i % 10 = 0 THEN 0 ELSE i % 100 END)::text, 12, '0'))::uuid"
    /// Of the i-th customer; in the order of their ages, as a server makes them.
    static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 12 - digits.count) + digits
        return "\(padded.prefix(8))-\(padded.suffix(4))-7000-8000-000000000000"
    }
    private static let customer =
        "(substr(lpad(to_hex(i), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex(i), 12, '0'), 9) || '-7000-8000-000000000000')::uuid"

    func makeTenants() async throws {
        try await psql([
            """
            INSERT INTO platform.tenant (id, slug, name)
                SELECT \(Self.tenant), 'bench-' || i % 100, 'Bench ' || i FROM generate_series(1, 100) i WHERE i % 10 > 0 OR i = 10
            """,
            """
            INSERT INTO crm.tenant_setting (tenant_id, sender_name, sender_address, requests_per_second, key_requests_per_second)
                SELECT id, name, slug || '@sender.example', 100000, 100000 FROM platform.tenant
            """,
            "INSERT INTO job.tenant (tenant_id) SELECT id FROM platform.tenant",
        ])
    }

    /// One customer in twenty is called Karimi. Of the largest tenant each has some orders, five on the average, and two
    /// interactions; of the others one in ten has an order.
    func grow(from old: Int, to new: Int) async throws {
        let rows = "generate_series(\(old + 1)::bigint, \(new)) i"
        let names = """
            (ARRAY['Mina', 'Sara', 'Reza', 'Ali', 'Zahra', 'Omid', 'Parisa', 'Hamid', 'Leila', 'Amir'])[1 + (i / 10) % 10] || ' ' ||
            CASE WHEN (i / 10) % 20 = 0 THEN 'Karimi'
                ELSE (ARRAY['Ahmadi', 'Hosseini', 'Moradi', 'Rezaei', 'Jafari', 'Kazemi', 'Sadeghi', 'Rahimi'])[1 + (i / 200) % 8] || (i / 1600) % 500
                END
            """
        try await psql([
            "SET session_replication_role = replica", "SET maintenance_work_mem = '1GB'", Self.dropIndexes,
            """
            INSERT INTO crm.customer (tenant_id, id, name, language, reference, stage, tags, created_at)
                SELECT \(Self.tenant), \(Self.customer), \(names), 'fa', 'R' || i,
                    (ARRAY['potential', 'actual', 'lost'])[1 + (i / 10) % 3], CASE WHEN (i / 10) % 50 = 0 THEN '{vip}' ELSE '{}' END::text[],
                    '2015-01-01'::timestamptz + i * interval '30 seconds' FROM \(rows)
            """,
            """
            INSERT INTO crm.customer_tag (tenant_id, customer_id, tag)
                SELECT \(Self.tenant), \(Self.customer), 'vip' FROM \(rows) WHERE (i / 10) % 50 = 0
            """,
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
                SELECT \(Self.tenant), gen_random_uuid(), \(Self.customer), 'email', 'c' || i || '@customer.example', true FROM \(rows)
            """,
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
                SELECT \(Self.tenant), gen_random_uuid(), \(Self.customer), 'phone', '0912' || lpad(i::text, 7, '0'), true FROM \(rows)
                WHERE i % 2 = 0
            """,
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, ordered_on, amount, currency)
                SELECT \(Self.tenant), gen_random_uuid(), \(Self.customer), current_date - ((i / 10 * 7 + n * 61) % 1500)::integer,
                    10 + (i / 10 * n) % 990, 'IRR'
                FROM \(rows) CROSS JOIN LATERAL generate_series(1, CASE WHEN i % 10 = 0 THEN (i / 10) % 11 ELSE (i % 10) / 9 END) n
            """,
            """
            INSERT INTO crm.interaction (tenant_id, id, customer_id, kind, channel, happened_at, satisfaction)
                SELECT \(Self.tenant), gen_random_uuid(), \(Self.customer), 'call', 'phone', now() - ((i / 10 + n * 40) % 900) * interval '1 day',
                    1 + (i / 10 + n) % 5
                FROM \(rows) CROSS JOIN generate_series(1, 2) n WHERE i % 10 = 0
            """,
            Self.makeIndexes,
        ])
    }

    /// As a deployment is that has run for a while, with what is kept in memory as far as there is room.
    func settle() async throws {
        try await psql([
            "VACUUM ANALYZE", "CHECKPOINT", "CREATE EXTENSION IF NOT EXISTS pg_prewarm",
            """
            SELECT sum(pg_prewarm(c.oid)) FROM (
                SELECT oid FROM pg_class WHERE relkind IN ('r', 'i', 't') ORDER BY pg_relation_size(oid) DESC) c
            """,
        ])
    }

    /// Filling tables goes faster without indexes, which are made again at the end.
    private static let dropIndexes = """
        CREATE TEMP TABLE dropped AS
            SELECT i.indexdef, format('%I.%I', i.schemaname, i.indexname) AS name FROM pg_indexes i
            WHERE i.schemaname = 'crm' AND i.tablename IN ('customer', 'contact_point', 'customer_order', 'interaction')
                AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname AND c.contype IN ('p', 'u'));
        DO $$ DECLARE r record; BEGIN FOR r IN SELECT name FROM dropped LOOP EXECUTE 'DROP INDEX ' || r.name; END LOOP; END $$
        """
    private static let makeIndexes =
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT indexdef FROM dropped LOOP EXECUTE r.indexdef; END LOOP; END $$"

    private func psql(_ commands: [String]) async throws {
        _ = try await Tool.run(
            "psql",
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser]
                // What is one string would be one transaction.
                + commands.flatMap { ["-c", $0] })
    }
}
