import Postgres

/// Customers of a file in the tables of one transaction: what they say, whom they are about, and what they change.
///
/// A step is of some thousand rows, and the tenant may have millions: rows are looked up one by one by an index, which
/// ``ImportStatements/prepare(_:)`` sees to.
enum CustomerStagingStatements {
    static let createStaging = Statement<Void>(
        effect: "import.create_customer_staging",
        """
        CREATE TEMPORARY TABLE import_customer (
            row_number integer NOT NULL, id uuid NOT NULL, customer_id uuid, key text NOT NULL, reference text, name text, kind text,
            stage text, stage_reason text, language text, time_zone text, email_id uuid, email text, phone_id uuid, phone text,
            consent boolean, birth_date date, source text, acquisition_amount numeric(18, 4), acquisition_currency text,
            tags text[], market_ids uuid[], owner_id uuid, organisation text, names jsonb, external_references jsonb,
            attributes jsonb, organisation_id uuid
        ) ON COMMIT DROP
        """)

    /// What customers that were there before become; an address or consent only when it is not known yet.
    static let createChanges = Statement<Void>(
        effect: "import.create_customer_changes",
        """
        CREATE TEMPORARY TABLE import_change (
            row_number integer NOT NULL, customer_id uuid NOT NULL, old_stage text NOT NULL, reference text, name text NOT NULL,
            kind text NOT NULL, stage text NOT NULL, stage_reason text, language text NOT NULL, time_zone text, birth_date date,
            source text, acquisition_amount numeric(18, 4), acquisition_currency text, owner_id uuid, organisation_id uuid,
            tags text[] NOT NULL, market_ids uuid[] NOT NULL, names jsonb NOT NULL, external_references jsonb NOT NULL,
            attributes jsonb NOT NULL, email_id uuid, email text, phone_id uuid, phone text, consent boolean
        ) ON COMMIT DROP
        """)

    static let empty = Statement<Void>(effect: "import.empty_customers", "TRUNCATE pg_temp.import_customer")
    static let emptyChanges = Statement<Void>(effect: "import.empty_changes", "TRUNCATE pg_temp.import_change")

    static let removeFaulty = Statement<Void>(
        effect: "import.remove_faulty_customers",
        """
        DELETE FROM pg_temp.import_customer s
        WHERE s.row_number IN (SELECT f.row_number FROM pg_temp.import_fault f)
        """)
    static let removeFaultyChanges = Statement<Void>(
        effect: "import.remove_faulty_changes",
        """
        DELETE FROM pg_temp.import_change m
        WHERE m.row_number IN (SELECT f.row_number FROM pg_temp.import_fault f)
        """)

    // MARK: Whom rows are about

    /// Finds the customers by the key. Whoever was made one with another one is the other one.
    static func resolve(_ tenant: Tenant.ID, _ key: CustomerImportKey) -> [Statement<Void>] {
        switch key {
        case .reference: [resolveReferences(tenant), resolveMerged(tenant)]
        case .system(let name): [resolveExternalReferences(tenant, name)]
        case .email: [resolveAddresses(tenant, "email")]
        case .phone: [resolveAddresses(tenant, "phone")]
        case .id: []
        }
    }

    private static func resolveReferences(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_references",
            """
            UPDATE pg_temp.import_customer s SET customer_id = c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL AND c.reference = s.key
            """)
    }

    private static func resolveExternalReferences(_ tenant: Tenant.ID, _ system: String) -> Statement<Void> {
        Statement(
            effect: "import.resolve_external_references",
            """
            UPDATE pg_temp.import_customer s SET customer_id = r.customer_id FROM crm.customer_reference r
            WHERE r.tenant_id = \(tenant) AND r.system = \(system) AND r.reference = s.key
            """)
    }

    private static func resolveMerged(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_merged",
            """
            UPDATE pg_temp.import_customer s SET customer_id = f.id
            FROM (
                SELECT DISTINCT ON (m.reference) m.reference, v.id FROM crm.customer m
                JOIN crm.customer v ON v.tenant_id = \(tenant) AND v.id = crm.survivor_of(\(tenant), m.id) AND v.deleted_at IS NULL
                WHERE m.tenant_id = \(tenant) AND m.merged_into_id IS NOT NULL
                    AND m.reference IN (SELECT n.key FROM pg_temp.import_customer n WHERE n.customer_id IS NULL)
                ORDER BY m.reference, m.id DESC
            ) AS f
            WHERE s.customer_id IS NULL AND s.key = f.reference
            """)
    }

    /// Where several customers have an address, the row is about none; ``CustomerFaultStatements`` says so.
    private static func resolveAddresses(_ tenant: Tenant.ID, _ channel: SQL) -> Statement<Void> {
        Statement(
            effect: "import.resolve_addresses",
            """
            UPDATE pg_temp.import_customer s SET customer_id = f.id
            FROM (SELECT n.row_number AS row, min(p.customer_id::text)::uuid AS id
            FROM pg_temp.import_customer n
            JOIN crm.contact_point p ON p.tenant_id = \(tenant) AND p.channel = '\(channel)' AND p.deleted_at IS NULL
                AND p.address_key = crm.address_key('\(channel)', n.key) AND p.customer_id IS NOT NULL
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = p.customer_id AND c.deleted_at IS NULL
            GROUP BY n.row_number HAVING count(DISTINCT p.customer_id) = 1) AS f
            WHERE f.row = s.row_number
            """)
    }

    /// Has those wait who would change, merge or delete the customers, in the order in which everybody locks them.
    static func lock(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.lock_customers",
            """
            SELECT c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL
                AND c.id = ANY (ARRAY(SELECT s.customer_id FROM pg_temp.import_customer s WHERE s.customer_id IS NOT NULL))
            ORDER BY c.id FOR NO KEY UPDATE
            """)
    }

    /// Finds organisations by their references, those of the same rows too.
    static func resolveOrganisations(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_organisations",
            """
            UPDATE pg_temp.import_customer s SET organisation_id = f.id
            FROM (
                SELECT n.row_number, coalesce(o.id, w.customer_id, w.id) AS id FROM pg_temp.import_customer n
                LEFT JOIN crm.customer o ON o.tenant_id = \(tenant) AND o.reference = n.organisation AND o.deleted_at IS NULL
                    AND o.kind = 'organisation'
                LEFT JOIN LATERAL (SELECT k.customer_id, k.id FROM pg_temp.import_customer k
                    WHERE k.reference = n.organisation AND k.kind = 'organisation' AND k.name IS NOT NULL
                        AND k.row_number NOT IN (SELECT b.row_number FROM pg_temp.import_fault b)
                    ORDER BY k.row_number LIMIT 1) AS w ON true
                WHERE n.organisation IS NOT NULL
            ) AS f
            WHERE s.row_number = f.row_number
            """)
    }

    // MARK: What they change

    /// Finds what the file changes in customers that were there before. What several may be had of is added to what there is.
    static func findChanges(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.find_customer_changes",
            """
            INSERT INTO pg_temp.import_change
            SELECT s.row_number, c.id, c.stage, n.reference, n.name, n.kind, n.stage,
                CASE WHEN n.stage = c.stage THEN coalesce(s.stage_reason, c.stage_reason) ELSE s.stage_reason END,
                n.language, n.time_zone, n.birth_date, n.source, n.acquisition_amount, n.acquisition_currency, n.owner_id,
                n.organisation_id, n.tags, n.market_ids, n.names, n.external_references, n.attributes,
                s.email_id, CASE WHEN e.id IS NULL THEN s.email END, s.phone_id, CASE WHEN p.id IS NULL THEN s.phone END,
                CASE WHEN \(isNewConsent) THEN s.consent END
            FROM pg_temp.import_customer s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = s.customer_id AND c.deleted_at IS NULL
            CROSS JOIN LATERAL (SELECT
                -- A reference that found the customer may be another one's who was made one with it.
                CASE WHEN s.reference = s.key THEN coalesce(c.reference, s.reference) ELSE coalesce(s.reference, c.reference) END AS reference,
                coalesce(s.name, c.name) AS name, coalesce(s.kind, c.kind) AS kind, coalesce(s.stage, c.stage) AS stage,
                coalesce(s.language, c.language) AS language, coalesce(s.time_zone, c.time_zone) AS time_zone,
                coalesce(s.birth_date, c.birth_date) AS birth_date, coalesce(s.source, c.source) AS source,
                coalesce(s.acquisition_amount, c.acquisition_amount) AS acquisition_amount,
                coalesce(s.acquisition_currency, c.acquisition_currency) AS acquisition_currency,
                coalesce(s.owner_id, c.owner_id) AS owner_id, coalesce(s.organisation_id, c.organisation_id) AS organisation_id,
                c.tags || ARRAY(SELECT t.tag FROM unnest(s.tags) WITH ORDINALITY AS t (tag, place)
                    WHERE t.tag <> ALL (c.tags) ORDER BY t.place) AS tags,
                c.market_ids || ARRAY(SELECT t.id FROM unnest(s.market_ids) WITH ORDINALITY AS t (id, place)
                    WHERE t.id <> ALL (c.market_ids) ORDER BY t.place) AS market_ids,
                c.names || coalesce(s.names, '{}') AS names,
                c.external_references || coalesce(s.external_references, '{}') AS external_references,
                c.attributes || coalesce(s.attributes, '{}') AS attributes
            ) AS n
            LEFT JOIN \(known("e", "email", tenant)) LEFT JOIN \(known("p", "phone", tenant))
            LEFT JOIN crm.consent k ON k.tenant_id = \(tenant) AND k.customer_id = c.id AND k.channel = 'email'
            WHERE (n.reference, n.name, n.kind, n.stage, n.language, n.time_zone, n.birth_date, n.source, n.acquisition_amount,
                    n.acquisition_currency, n.owner_id, n.organisation_id, n.tags, n.market_ids, n.names, n.external_references,
                    n.attributes)
                IS DISTINCT FROM (c.reference, c.name, c.kind, c.stage, c.language, c.time_zone, c.birth_date, c.source,
                    c.acquisition_amount, c.acquisition_currency, c.owner_id, c.organisation_id, c.tags, c.market_ids, c.names,
                    c.external_references, c.attributes)
                OR (s.stage_reason IS NOT NULL AND s.stage_reason IS DISTINCT FROM c.stage_reason)
                OR (s.email IS NOT NULL AND e.id IS NULL) OR (s.phone IS NOT NULL AND p.id IS NULL) OR \(isNewConsent)
            ON CONFLICT DO NOTHING
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
}
