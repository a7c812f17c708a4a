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
            row_number integer NOT NULL, id uuid NOT NULL, customer_id uuid, key text NOT NULL, address_key text, reference text, name text, kind text,
            stage text, stage_reason text, language text, time_zone text, email_id uuid, email text, phone_id uuid, phone text,
            consent boolean, birth_date date, source text, acquisition_amount numeric(18, 4), acquisition_currency text,
            tags text[], market_ids uuid[], owner_id uuid, organisation text, names jsonb, external_references jsonb,
            attributes jsonb, organisation_id uuid, addresses jsonb, consents jsonb
        ) ON COMMIT DROP
        """)

    /// What customers that were there before become; an address or consent only when it is not known yet.
    static let createChanges = Statement<Void>(
        effect: "import.create_customer_changes",
        """
        CREATE TEMPORARY TABLE import_change (
            row_number integer NOT NULL, customer_id uuid PRIMARY KEY, old_stage text NOT NULL, reference text, name text NOT NULL,
            kind text NOT NULL, stage text NOT NULL, stage_reason text, language text NOT NULL, time_zone text, birth_date date,
            source text, acquisition_amount numeric(18, 4), acquisition_currency text, owner_id uuid, organisation_id uuid,
            tags text[] NOT NULL, market_ids uuid[] NOT NULL, names jsonb NOT NULL, external_references jsonb NOT NULL,
            attributes jsonb NOT NULL, email_id uuid, email text, phone_id uuid, phone text, consent boolean,
            addresses jsonb, consents jsonb
        ) ON COMMIT DROP
        """)

    /// By which people find the organisations that come with them.
    static let indexOrganisations = Statement<Void>(
        effect: "import.index_organisations",
        "CREATE INDEX ON pg_temp.import_customer (reference) WHERE kind = 'organisation'")

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
    ///
    /// By subqueries of one value, which are answered from an index row by row: joins of a table that was just filled with one of which
    /// nobody knows the size are planned the wrong way round.
    static func resolve(_ tenant: Tenant.ID, _ key: CustomerImportKey) -> [Statement<Void>] {
        switch key {
        case .reference: [resolveReferences(tenant)]
        case .system(let name): [resolveExternalReferences(tenant, name)]
        case .email: [keyAddresses("email"), resolveAddresses(tenant, "email")]
        case .phone: [keyAddresses("phone"), resolveAddresses(tenant, "phone")]
        case .id: [resolveMerged(tenant)]
        }
    }

    /// Ids are as they were sent; who was made one with another one since is the other one, or nobody if that one is gone.
    private static func resolveMerged(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_merged",
            """
            UPDATE pg_temp.import_customer s SET customer_id = (SELECT (SELECT v.id FROM crm.customer v
                    WHERE v.tenant_id = \(tenant) AND v.id = w.survivor_id AND v.deleted_at IS NULL)
                FROM (SELECT crm.survivor_of(\(tenant), s.customer_id) AS survivor_id LIMIT 1) AS w)
            WHERE (SELECT c.merged_into_id FROM crm.customer c
                WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id) IS NOT NULL
            """)
    }

    /// Rows of new customers, mostly all, are not written again.
    private static func resolveReferences(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(
            effect: "import.resolve_references",
            """
            WITH found AS MATERIALIZED (
                SELECT k.ctid AS place, \(customer(tenant, "k.key")) AS customer_id FROM pg_temp.import_customer k
            )
            UPDATE pg_temp.import_customer s SET customer_id = f.customer_id FROM found f
            WHERE s.ctid = f.place AND f.customer_id IS NOT NULL
            """)
    }

    /// The customer with a reference, or with whom the one was made one who had it last.
    static func customer(_ tenant: Tenant.ID, _ reference: SQL) -> SQL {
        """
        coalesce(
            (SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference = \(reference) AND c.deleted_at IS NULL),
            -- Asked once, and mostly in vain.
            CASE WHEN (SELECT EXISTS (SELECT FROM crm.customer x WHERE x.tenant_id = \(tenant) AND x.merged_into_id IS NOT NULL))
                THEN (SELECT (SELECT v.id FROM crm.customer v
                        WHERE v.tenant_id = \(tenant) AND v.id = w.survivor_id AND v.deleted_at IS NULL)
                    FROM (SELECT crm.survivor_of(\(tenant), m.id) AS survivor_id FROM crm.customer m
                        WHERE m.tenant_id = \(tenant) AND m.reference = \(reference) AND m.merged_into_id IS NOT NULL
                        ORDER BY m.id DESC LIMIT 1) AS w) END)
        """
    }

    private static func resolveExternalReferences(_ tenant: Tenant.ID, _ system: String) -> Statement<Void> {
        Statement(
            effect: "import.resolve_external_references",
            """
            UPDATE pg_temp.import_customer s SET customer_id = (SELECT r.customer_id FROM crm.customer_reference r
                WHERE r.tenant_id = \(tenant) AND r.system = \(system) AND r.reference = s.key)
            """)
    }

    /// How addresses are compared. Kept, since row security lets no function into the condition of an index.
    private static func keyAddresses(_ channel: SQL) -> Statement<Void> {
        Statement(
            effect: "import.key_addresses",
            "UPDATE pg_temp.import_customer s SET address_key = crm.address_key('\(channel)', s.key) WHERE s.address_key IS NULL"
        )
    }

    /// Where several customers have an address, the row is about none; ``CustomerFaultStatements`` says so.
    private static func resolveAddresses(_ tenant: Tenant.ID, _ channel: SQL) -> Statement<Void> {
        Statement(
            effect: "import.resolve_addresses",
            """
            UPDATE pg_temp.import_customer s SET customer_id = (
                SELECT CASE WHEN count(DISTINCT p.customer_id) = 1 THEN min(p.customer_id::text)::uuid END
                FROM crm.contact_point p
                WHERE p.tenant_id = \(tenant) AND p.channel = '\(channel)' AND p.address_key = s.address_key AND p.deleted_at IS NULL
                    AND p.customer_id IS NOT NULL AND (SELECT c.deleted_at IS NULL FROM crm.customer c
                        WHERE c.tenant_id = \(tenant) AND c.id = p.customer_id))
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
            UPDATE pg_temp.import_customer s SET organisation_id = coalesce(
                (SELECT o.id FROM crm.customer o WHERE o.tenant_id = \(tenant) AND o.reference = s.organisation AND o.deleted_at IS NULL
                    AND o.kind = 'organisation'),
                (SELECT coalesce(k.customer_id, k.id) FROM pg_temp.import_customer k
                    WHERE k.reference = s.organisation AND k.kind = 'organisation' ORDER BY k.row_number LIMIT 1))
            WHERE s.organisation IS NOT NULL
            """)
    }

    // MARK: What they change

    /// Finds what the file changes in customers that were there before. What several may be had of is added to what there is.
    static func findChanges(_ tenant: Tenant.ID, _ key: CustomerImportKey) -> Statement<Void> {
        // A row that is found by who was made one with the customer has that one's reference, and not the customer's.
        let isOfMerged: SQL =
            switch key {
            case .reference: "true"
            case .id: "s.key::uuid <> c.id"
            case .email, .phone, .system: "false"
            }
        let reference: SQL = """
            CASE WHEN \(isOfMerged) THEN coalesce(c.reference, s.reference) ELSE coalesce(s.reference, c.reference) END
            """
        // And so may a number in another system.
        var numbers: SQL = "coalesce(s.external_references, '{}')"
        if case .system(let name) = key {
            numbers =
                "CASE WHEN c.external_references ? \(name)::text THEN \(numbers) - \(name)::text ELSE \(numbers) END"
        }
        return Statement(
            effect: "import.find_customer_changes",
            """
            INSERT INTO pg_temp.import_change
            SELECT s.row_number, c.id, c.stage, n.reference, n.name, n.kind, n.stage,
                CASE WHEN n.stage = c.stage THEN coalesce(s.stage_reason, c.stage_reason) ELSE s.stage_reason END,
                n.language, n.time_zone, n.birth_date, n.source, n.acquisition_amount, n.acquisition_currency, n.owner_id,
                n.organisation_id, n.tags, n.market_ids, n.names, n.external_references, n.attributes,
                s.email_id, CASE WHEN e.id IS NULL THEN s.email END, s.phone_id, CASE WHEN p.id IS NULL THEN s.phone END,
                CASE WHEN \(isNewConsent) THEN s.consent END, d.addresses, d.consents
            FROM pg_temp.import_customer s
            -- With a limit it is asked row by row, and not joined the other way round.
            CROSS JOIN LATERAL (SELECT k.* FROM crm.customer k
                WHERE k.tenant_id = \(tenant) AND k.id = s.customer_id AND k.deleted_at IS NULL LIMIT 1) AS c
            CROSS JOIN LATERAL (SELECT
                \(reference) AS reference,
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
                c.external_references || \(numbers) AS external_references,
                c.attributes || coalesce(s.attributes, '{}') AS attributes
            ) AS n
            LEFT JOIN \(known("e", "email", tenant)) LEFT JOIN \(known("p", "phone", tenant))
            LEFT JOIN LATERAL (SELECT w.is_granted, w.source FROM crm.consent w
                WHERE w.tenant_id = \(tenant) AND w.customer_id = c.id AND w.channel = 'email' LIMIT 1) AS k ON true
            CROSS JOIN LATERAL (SELECT \(newAddresses(tenant)) AS addresses, \(newConsents(tenant)) AS consents LIMIT 1) AS d
            WHERE (n.reference, n.name, n.kind, n.stage, n.language, n.time_zone, n.birth_date, n.source, n.acquisition_amount,
                    n.acquisition_currency, n.owner_id, n.organisation_id, n.tags, n.market_ids, n.names, n.external_references,
                    n.attributes)
                IS DISTINCT FROM (c.reference, c.name, c.kind, c.stage, c.language, c.time_zone, c.birth_date, c.source,
                    c.acquisition_amount, c.acquisition_currency, c.owner_id, c.organisation_id, c.tags, c.market_ids, c.names,
                    c.external_references, c.attributes)
                OR (s.stage_reason IS NOT NULL AND s.stage_reason IS DISTINCT FROM c.stage_reason)
                OR (s.email IS NOT NULL AND e.id IS NULL) OR (s.phone IS NOT NULL AND p.id IS NULL) OR \(isNewConsent)
                OR d.addresses IS NOT NULL OR d.consents IS NOT NULL
            ON CONFLICT DO NOTHING
            """)
    }

    /// The customer's own point with the address of the file, if there is one. Comparing the text first spares the key in
    /// nearly all rows; the channel as it is would have another index entered, for all customers.
    private static func known(_ name: SQL, _ channel: SQL, _ tenant: Tenant.ID) -> SQL {
        """
        LATERAL (SELECT q.id FROM crm.contact_point q WHERE q.tenant_id = \(tenant) AND q.customer_id = c.id
            AND q.deleted_at IS NULL AND q.channel || '' = '\(channel)'
            AND (q.address = s.\(channel) OR q.address_key = crm.address_key('\(channel)', s.\(channel))) LIMIT 1) AS \(name) ON true
        """
    }

    /// Those of the file's other addresses that the customer has not.
    private static func newAddresses(_ tenant: Tenant.ID) -> SQL {
        """
        CASE WHEN s.addresses IS NOT NULL THEN (SELECT jsonb_agg(a.value ORDER BY a.place)
            FROM jsonb_array_elements(s.addresses) WITH ORDINALITY AS a (value, place)
            -- With a limit it is made once for each address, and not for each that the customer has.
            CROSS JOIN LATERAL (SELECT crm.address_key(a.value ->> 0, a.value ->> 1) AS address_key LIMIT 1) AS k
            WHERE NOT EXISTS (SELECT FROM crm.contact_point q WHERE q.tenant_id = \(tenant) AND q.customer_id = c.id
                AND q.deleted_at IS NULL AND q.channel || '' = a.value ->> 0
                AND q.address_key = k.address_key)) END
        """
    }

    /// The same of what it says of channels; what was said later stays.
    private static func newConsents(_ tenant: Tenant.ID) -> SQL {
        """
        CASE WHEN s.consents IS NOT NULL THEN (SELECT jsonb_object_agg(a.key, a.value) FROM jsonb_each(s.consents) AS a
            LEFT JOIN LATERAL (SELECT w.is_granted, w.source, w.given_at, \(isUndated("w")) AS is_undated FROM crm.consent w
                WHERE w.tenant_id = \(tenant) AND w.customer_id = c.id AND w.channel = a.key LIMIT 1) AS o ON true
            WHERE o.is_granted IS NULL OR (o.is_granted <> (a.value ->> 'is_granted')::boolean
                AND (o.is_granted OR o.source = 'import')
                AND (o.is_undated OR o.given_at <= coalesce(least((a.value ->> 'given_at')::timestamptz, now()), now())))
                -- The same word said again later outlasts what was said between; a refusal only, where a file said it.
                OR (o.is_granted = (a.value ->> 'is_granted')::boolean AND (o.is_granted OR o.source = 'import')
                    AND o.given_at < least((a.value ->> 'given_at')::timestamptz, now())
                    AND a.value ->> 'given_at' IS NOT NULL)) END
        """
    }

    /// Consent of a file that does not say when it was given: it may have been before any refusal.
    static func isUndated(_ consent: SQL) -> SQL {
        "(\(consent).is_granted AND \(consent).source = 'import' AND \(consent).given_at = \(consent).recorded_at)"
    }

    /// A file, whose age nobody knows, takes consent back, but undoes no refusal that a customer said in another way.
    private static let isNewConsent: SQL = """
        (s.consent IS NOT NULL AND k.is_granted IS DISTINCT FROM s.consent
            AND NOT (s.consent AND NOT coalesce(k.is_granted, true) AND k.source <> 'import'))
        """
}
