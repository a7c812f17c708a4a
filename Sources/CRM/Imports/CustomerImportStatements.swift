import Postgres

/// Customers from the staging table into the tenant's.
enum CustomerImportStatements {
    static let copy: StaticString = "COPY pg_temp.import_customer FROM STDIN (FORMAT binary)"

    static let createStaging = Statement<Void>(
        effect: "import.create_customer_staging",
        """
        CREATE TEMPORARY TABLE import_customer (
            row_number integer NOT NULL, id uuid NOT NULL, reference text NOT NULL, name text NOT NULL, kind text, stage text,
            language text, time_zone text, email_id uuid, email text, phone_id uuid, phone text, consent boolean
        ) ON COMMIT DROP
        """)

    /// What changes existing customers; an address or consent only when it is not known yet.
    static let createChanges = Statement<Void>(
        effect: "import.create_customer_changes",
        """
        CREATE TEMPORARY TABLE import_change (
            customer_id uuid NOT NULL, name text NOT NULL, kind text, stage text, language text, time_zone text,
            email_id uuid, email text, phone_id uuid, phone text, consent boolean
        ) ON COMMIT DROP
        """)

    static let analyze = Statement<Void>(effect: "import.analyze_customers", "ANALYZE pg_temp.import_customer")
    static let analyzeChanges = Statement<Void>(effect: "import.analyze_changes", "ANALYZE pg_temp.import_change")

    /// Rows whose reference stands in an earlier row too.
    static func duplicates(limit: Int) -> Statement<[(row: Int, reference: String, first: Int)]> {
        Statement(
            "import.duplicate_customers",
            """
            SELECT s.row_number, s.reference, d.first_row
            FROM pg_temp.import_customer s JOIN (
                SELECT reference, min(row_number) AS first_row FROM pg_temp.import_customer
                GROUP BY reference HAVING count(*) > 1
            ) d ON d.reference = s.reference
            WHERE s.row_number > d.first_row ORDER BY s.row_number LIMIT \(limit)
            """, all: { row in (try row.next(), try row.next(), try row.next()) })
    }

    /// Gives the number of new customers. Leaving the known ones out first is cheaper than conflicts.
    static func insert(_ tenant: Tenant.ID, _ importID: ImportReport.ID, language: String) -> Statement<Int> {
        Statement(
            "import.insert_customers",
            """
            INSERT INTO crm.customer (tenant_id, id, kind, stage, reference, name, language, time_zone, import_id)
            SELECT \(tenant), s.id, coalesce(s.kind, 'person'), coalesce(s.stage, 'potential'), s.reference, s.name,
                coalesce(s.language, \(language)), s.time_zone, \(importID)
            FROM pg_temp.import_customer s
            WHERE NOT EXISTS (
                SELECT FROM crm.customer c
                WHERE c.tenant_id = \(tenant) AND c.reference = s.reference AND c.deleted_at IS NULL)
            ON CONFLICT (tenant_id, reference) WHERE deleted_at IS NULL DO NOTHING
            """)
    }

    /// Finds what the file changes in customers that were there before; gives their number.
    static func findChanges(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.find_customer_changes",
            """
            INSERT INTO pg_temp.import_change
            SELECT c.id, s.name, s.kind, s.stage, s.language, s.time_zone,
                s.email_id, CASE WHEN e.id IS NULL THEN s.email END, s.phone_id, CASE WHEN p.id IS NULL THEN s.phone END,
                CASE WHEN \(isNewConsent) THEN s.consent END
            FROM pg_temp.import_customer s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.reference = s.reference AND c.deleted_at IS NULL
            LEFT JOIN \(known("e", "email", tenant)) LEFT JOIN \(known("p", "phone", tenant))
            LEFT JOIN crm.consent k ON k.tenant_id = \(tenant) AND k.customer_id = c.id AND k.channel = 'email'
            WHERE c.id <> s.id AND (
                c.name <> s.name OR c.kind <> s.kind OR c.stage <> s.stage OR c.language <> s.language
                OR coalesce(s.time_zone <> c.time_zone, s.time_zone IS NOT NULL)
                OR (s.email IS NOT NULL AND e.id IS NULL) OR (s.phone IS NOT NULL AND p.id IS NULL) OR \(isNewConsent))
            """)
    }

    /// The customer's own point with the address of the file, if there is one. Comparing the text first spares the key in
    /// nearly all rows.
    private static func known(_ name: SQL, _ channel: SQL, _ tenant: Tenant.ID) -> SQL {
        """
        crm.contact_point \(name) ON \(name).tenant_id = \(tenant) AND \(name).customer_id = c.id
            AND \(name).deleted_at IS NULL AND \(name).channel = '\(channel)'
            AND (\(name).address = s.\(channel) OR \(name).address_key = crm.address_key('\(channel)', s.\(channel)))
        """
    }

    /// A file, whose age nobody knows, takes consent back, but undoes no refusal that a customer said in another way.
    private static let isNewConsent: SQL = """
        (s.consent IS NOT NULL AND k.is_granted IS DISTINCT FROM s.consent
            AND NOT (s.consent AND NOT coalesce(k.is_granted, true) AND k.source <> 'import'))
        """

    /// Rows that make an organisation a person while people belong to it, or a person an organisation who belongs to one.
    static func kindConflicts(_ tenant: Tenant.ID, limit: Int) -> Statement<[(row: Int, kind: String)]> {
        Statement(
            "import.kind_conflicts",
            """
            SELECT s.row_number, s.kind FROM pg_temp.import_change m
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = m.customer_id
            JOIN pg_temp.import_customer s ON s.reference = c.reference
            WHERE s.kind <> c.kind AND (c.organisation_id IS NOT NULL OR EXISTS (SELECT FROM crm.customer p
                WHERE p.tenant_id = \(tenant) AND p.organisation_id = c.id AND p.deleted_at IS NULL))
            ORDER BY s.row_number LIMIT \(limit)
            """, all: { row in (try row.next(), try row.next()) })
    }

    /// Notes which stages the file changes; they stay as they are until the change is made.
    static func recordStageChanges(_ importID: ImportReport.ID, by context: TenantContext) -> Statement<Int> {
        Statement(
            "import.record_stage_changes",
            """
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, actor_kind, actor_id)
            SELECT \(context.tenantID), \(ImportStatements.id(of: "o.id", importID)), o.id, o.from_stage, o.to_stage, \(context.actor.kind),
                \(context.actor.id)
            FROM (SELECT c.id, c.stage AS from_stage, m.stage AS to_stage
                FROM pg_temp.import_change m JOIN crm.customer c ON c.tenant_id = \(context.tenantID) AND c.id = m.customer_id
                WHERE c.stage <> m.stage AND c.deleted_at IS NULL FOR NO KEY UPDATE OF c) AS o
            ON CONFLICT DO NOTHING
            """)
    }

    static func update(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.update_customers",
            """
            UPDATE crm.customer c SET name = m.name, kind = coalesce(m.kind, c.kind), stage = coalesce(m.stage, c.stage),
                stage_changed_at = CASE WHEN c.stage = coalesce(m.stage, c.stage) THEN c.stage_changed_at ELSE now() END,
                stage_reason = CASE WHEN c.stage = coalesce(m.stage, c.stage) THEN c.stage_reason END,
                language = coalesce(m.language, c.language), time_zone = coalesce(m.time_zone, c.time_zone),
                version = c.version + 1, updated_at = now()
            FROM pg_temp.import_change m
            WHERE c.tenant_id = \(tenant) AND c.id = m.customer_id AND c.deleted_at IS NULL
            """)
    }

    /// Makes room for the new primary addresses of the changed customers.
    static func demoteContactPoints(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.demote_contact_points",
            """
            UPDATE crm.contact_point p SET is_primary = false, version = p.version + 1, updated_at = now()
            FROM pg_temp.import_change m
            WHERE p.tenant_id = \(tenant) AND p.customer_id = m.customer_id AND p.is_primary AND p.deleted_at IS NULL
                AND ((p.channel = 'email' AND m.email IS NOT NULL) OR (p.channel = 'phone' AND m.phone IS NOT NULL))
            """)
    }

    /// Whose addresses and consents are written.
    enum Owners { case created, changed }

    static func insertContactPoints(_ tenant: Tenant.ID, of owners: Owners) -> Statement<Int> {
        Statement(
            owners == .created ? "import.insert_contact_points" : "import.add_contact_points",
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT \(tenant), p.id, s.customer_id, p.channel, p.address, true
            FROM \(rows(of: owners, tenant)) s
            CROSS JOIN LATERAL (VALUES (s.email_id, 'email', s.email), (s.phone_id, 'phone', s.phone))
                AS p (id, channel, address)
            WHERE p.address IS NOT NULL
            ON CONFLICT (tenant_id, customer_id, channel, address_key)
                WHERE deleted_at IS NULL AND customer_id IS NOT NULL DO NOTHING
            """)
    }

    static func recordConsents(
        _ importID: ImportReport.ID, by context: TenantContext, of owners: Owners
    ) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            owners == .created ? "import.insert_consents" : "import.update_consents",
            """
            WITH said AS (
                INSERT INTO crm.consent AS k (tenant_id, customer_id, channel, is_granted, source)
                SELECT \(tenant), s.customer_id, 'email', s.consent, 'import'
                FROM \(rows(of: owners, tenant)) s WHERE s.consent IS NOT NULL
                ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE
                SET is_granted = excluded.is_granted, source = excluded.source, recorded_at = excluded.recorded_at
                WHERE NOT (excluded.is_granted AND NOT k.is_granted AND k.source <> 'import')
                    AND k.recorded_at <= excluded.recorded_at
                RETURNING k.customer_id, k.is_granted
            )
            INSERT INTO crm.consent_record
                (tenant_id, id, customer_id, channel, is_granted, source, proof, actor_kind, actor_id)
            SELECT \(tenant), \(ImportStatements.id(of: "s.customer_id", importID)), s.customer_id, 'email', s.is_granted, 'import',
                \("import \(importID)"), \(context.actor.kind), \(context.actor.id)
            FROM said s
            ON CONFLICT DO NOTHING
            """)
    }

    private static func rows(of owners: Owners, _ tenant: Tenant.ID) -> SQL {
        switch owners {
        case .created:
            """
            (SELECT n.id AS customer_id, n.email_id, n.email, n.phone_id, n.phone, n.consent
            FROM pg_temp.import_customer n JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = n.id)
            """
        case .changed: "pg_temp.import_change"
        }
    }

    /// How many rows of the file have their customer now: all, unless one was deleted meanwhile.
    static func countPresent(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.count_customers",
            """
            SELECT count(*) FROM pg_temp.import_customer s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.reference = s.reference AND c.deleted_at IS NULL
            """, one: { try $0.next() })
    }
}
