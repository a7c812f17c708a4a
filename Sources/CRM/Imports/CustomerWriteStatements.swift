import Postgres

/// Customers from the staging table into the tenant's.
enum CustomerWriteStatements {
    /// Who adds a customer with one of the references meanwhile has the step begin anew, which finds it then. To look for that at each row
    /// would take longer than it takes to find out by the index.
    static func insert(_ tenant: Tenant.ID, _ importID: FileImport.ID, language: String) -> Statement<Int> {
        Statement(
            "import.insert_customers",
            """
            WITH made AS (
                INSERT INTO crm.customer (tenant_id, id, kind, stage, stage_reason, reference, name, language, time_zone, birth_date, source,
                    acquisition_amount, acquisition_currency, owner_id, organisation_id, tags, market_ids, names,
                    external_references, attributes, import_id)
                SELECT \(tenant), s.id, coalesce(s.kind, 'person'), coalesce(s.stage, 'potential'), s.stage_reason, s.reference, s.name,
                    coalesce(s.language, \(language)), s.time_zone, s.birth_date, s.source, s.acquisition_amount,
                    s.acquisition_currency, s.owner_id, s.organisation_id, coalesce(s.tags, '{}'), coalesce(s.market_ids, '{}'),
                    coalesce(s.names, '{}'), coalesce(s.external_references, '{}'), coalesce(s.attributes, '{}'), \(importID)
                FROM pg_temp.import_customer s WHERE s.customer_id IS NULL
                RETURNING id
            )
            SELECT count(*) FROM made
            """, one: { try $0.next() })
    }

    static func update(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.update_customers",
            """
            UPDATE crm.customer c SET reference = m.reference, name = m.name, kind = m.kind, stage = m.stage,
                stage_changed_at = CASE WHEN c.stage = m.stage THEN c.stage_changed_at ELSE now() END,
                stage_reason = m.stage_reason, language = m.language, time_zone = m.time_zone, birth_date = m.birth_date,
                source = m.source, acquisition_amount = m.acquisition_amount, acquisition_currency = m.acquisition_currency,
                owner_id = m.owner_id, organisation_id = m.organisation_id, tags = m.tags, market_ids = m.market_ids,
                names = m.names, external_references = m.external_references, attributes = m.attributes,
                version = c.version + 1, updated_at = now()
            FROM pg_temp.import_change m
            WHERE c.tenant_id = \(tenant) AND c.id = m.customer_id AND c.deleted_at IS NULL
                AND c.id = ANY (ARRAY(SELECT k.customer_id FROM pg_temp.import_change k))
            """)
    }

    static func recordStageChanges(_ importID: FileImport.ID, by context: TenantContext) -> Statement<Int> {
        Statement(
            "import.record_stage_changes",
            """
            INSERT INTO crm.stage_change (tenant_id, id, customer_id, from_stage, to_stage, reason, actor_kind, actor_id)
            SELECT \(context.tenantID), \(ImportStatements.id(of: "m.customer_id")), m.customer_id, m.old_stage, m.stage,
                m.stage_reason, \(context.actor.kind), \(context.actor.id)
            FROM pg_temp.import_change m WHERE m.stage <> m.old_stage
            ON CONFLICT DO NOTHING
            """)
    }

    /// Makes room for the new primary addresses of the changed customers.
    static func demoteContactPoints(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.demote_contact_points",
            """
            UPDATE crm.contact_point p SET is_primary = false, version = p.version + 1, updated_at = now()
            FROM pg_temp.import_change m
            WHERE p.tenant_id = \(tenant) AND p.customer_id = m.customer_id
                AND p.customer_id = ANY (ARRAY(SELECT k.customer_id FROM pg_temp.import_change k)) AND p.is_primary AND p.deleted_at IS NULL
                AND ((p.channel = 'email' AND m.email IS NOT NULL) OR (p.channel = 'phone' AND m.phone IS NOT NULL))
            """)
    }

    /// Whose addresses, consents and other parts are written.
    enum Owners { case created, changed }

    static func insertContactPoints(_ tenant: Tenant.ID, of owners: Owners) -> Statement<Int> {
        Statement(
            owners == .created ? "import.insert_contact_points" : "import.add_contact_points",
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT \(tenant), p.id, s.customer_id, p.channel, p.address, true
            FROM \(rows(of: owners)) s
            CROSS JOIN LATERAL (VALUES (s.email_id, 'email', s.email), (s.phone_id, 'phone', s.phone))
                AS p (id, channel, address)
            WHERE p.address IS NOT NULL
            ON CONFLICT (tenant_id, customer_id, channel, address_key)
                WHERE deleted_at IS NULL AND customer_id IS NOT NULL DO NOTHING
            """)
    }

    static func recordConsents(
        _ importID: FileImport.ID, by context: TenantContext, of owners: Owners
    ) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            owners == .created ? "import.insert_consents" : "import.update_consents",
            recording(
                """
                SELECT \(tenant), s.customer_id, 'email', s.consent, 'import', now()
                FROM \(rows(of: owners)) s WHERE s.consent IS NOT NULL
                """, importID, by: context))
    }

    /// The same of what files say channel by channel.
    private static func recordChannelConsents(
        _ importID: FileImport.ID, by context: TenantContext, of owners: Owners
    ) -> Statement<Int> {
        let tenant = context.tenantID
        return Statement(
            owners == .created ? "import.insert_channel_consents" : "import.update_channel_consents",
            recording(
                """
                SELECT \(tenant), s.customer_id, e.key, (e.value ->> 'is_granted')::boolean, 'import',
                    least(coalesce((e.value ->> 'given_at')::timestamptz, now()), now())
                FROM \(rows(of: owners)) s CROSS JOIN LATERAL jsonb_each(s.consents) AS e WHERE s.consents IS NOT NULL
                """, importID, by: context))
    }

    /// Notes consents where they are news, and all of these in the log.
    private static func recording(_ said: SQL, _ importID: FileImport.ID, by context: TenantContext) -> SQL {
        """
        WITH said AS (
            INSERT INTO crm.consent AS k (tenant_id, customer_id, channel, is_granted, source, given_at)
            \(said)
            ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE
            SET is_granted = excluded.is_granted, source = excluded.source, given_at = excluded.given_at,
                recorded_at = excluded.recorded_at
            WHERE NOT (excluded.is_granted AND NOT k.is_granted AND k.source <> 'import')
                AND ((k.given_at, k.recorded_at) <= (excluded.given_at, excluded.recorded_at)
                    OR (NOT excluded.is_granted AND \(CustomerStagingStatements.isUndated("k"))))
            RETURNING k.customer_id, k.channel, k.is_granted, k.given_at
        )
        INSERT INTO crm.consent_record
            (tenant_id, id, customer_id, channel, is_granted, source, proof, given_at, actor_kind, actor_id)
        SELECT \(context.tenantID), \(ImportStatements.id(of: "s.channel || s.customer_id")), s.customer_id, s.channel, s.is_granted,
            'import', \("import \(importID)"), s.given_at, \(context.actor.kind), \(context.actor.id)
        FROM said s
        ON CONFLICT DO NOTHING
        """
    }

    /// What stands only in files that say more of customers than others.
    static func details(
        _ importID: FileImport.ID, by context: TenantContext, of owners: Owners
    ) -> [Statement<Int>] {
        [
            insertOtherAddresses(context.tenantID, of: owners),
            recordChannelConsents(importID, by: context, of: owners), insertParts(context.tenantID, of: owners),
        ]
    }

    /// Behind the primary ones; the first of a channel where there is none becomes that.
    private static func insertOtherAddresses(_ tenant: Tenant.ID, of owners: Owners) -> Statement<Int> {
        Statement(
            owners == .created ? "import.insert_other_addresses" : "import.add_other_addresses",
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT \(tenant), (a.value ->> 2)::uuid, s.customer_id, a.value ->> 0, a.value ->> 1,
                row_number() OVER (PARTITION BY s.customer_id, a.value ->> 0 ORDER BY a.place) = 1
                    AND (SELECT p.id FROM crm.contact_point p WHERE p.tenant_id = \(tenant) AND p.customer_id = s.customer_id
                        AND p.channel = a.value ->> 0 AND p.is_primary AND p.deleted_at IS NULL) IS NULL
            FROM \(rows(of: owners)) s
            CROSS JOIN LATERAL jsonb_array_elements(s.addresses) WITH ORDINALITY AS a (value, place)
            WHERE s.addresses IS NOT NULL
            ON CONFLICT (tenant_id, customer_id, channel, address_key)
                WHERE deleted_at IS NULL AND customer_id IS NOT NULL DO NOTHING
            """)
    }

    /// Takes away numbers of other systems that the file says anew.
    static func deleteReferences(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.delete_references",
            """
            DELETE FROM crm.customer_reference r USING pg_temp.import_change m
            WHERE r.tenant_id = \(tenant) AND r.customer_id = m.customer_id
                AND r.customer_id = ANY (ARRAY(SELECT k.customer_id FROM pg_temp.import_change k))
                AND r.reference <> (m.external_references ->> r.system)
                -- Those of who was made one with the customer stay.
                AND (r.system, r.reference) NOT IN (SELECT f.system, f.reference FROM crm.former_references(\(tenant), r.customer_id) AS f)
            """)
    }

    /// What others find the customers by: markets, tags, and references of other systems.
    private static func insertParts(_ tenant: Tenant.ID, of owners: Owners) -> Statement<Int> {
        let rows = rows(of: owners)
        return Statement(
            owners == .created ? "import.insert_parts" : "import.add_parts",
            """
            WITH markets AS (
                INSERT INTO crm.customer_market (tenant_id, customer_id, market_id)
                SELECT \(tenant), s.customer_id, k.id FROM \(rows) s CROSS JOIN LATERAL unnest(s.market_ids) AS k (id)
                ON CONFLICT DO NOTHING RETURNING market_id
            ), tags AS (
                INSERT INTO crm.customer_tag (tenant_id, customer_id, tag)
                SELECT \(tenant), s.customer_id, k.tag FROM \(rows) s CROSS JOIN LATERAL unnest(s.tags) AS k (tag)
                ON CONFLICT DO NOTHING RETURNING tag
            )
            INSERT INTO crm.customer_reference (tenant_id, system, reference, customer_id)
            SELECT \(tenant), e.key, e.value, s.customer_id
            FROM \(rows) s CROSS JOIN LATERAL jsonb_each_text(s.external_references) AS e
            WHERE (SELECT k.customer_id FROM crm.customer_reference k
                WHERE k.tenant_id = \(tenant) AND k.system = e.key AND k.reference = e.value) IS DISTINCT FROM s.customer_id
            RETURNING system
            """)
    }

    private static func rows(of owners: Owners) -> SQL {
        switch owners {
        case .created:
            """
            (SELECT n.id AS customer_id, n.email_id, n.email, n.phone_id, n.phone, n.consent, n.tags, n.market_ids, n.addresses, n.consents,
                coalesce(n.external_references, '{}') AS external_references
            FROM pg_temp.import_customer n WHERE n.customer_id IS NULL)
            """
        case .changed: "pg_temp.import_change"
        }
    }

    /// Rows whose customer is not there now, because somebody else was faster: one that was deleted or merged.
    static func countLost(_ tenant: Tenant.ID) -> Statement<Int> {
        Statement(
            "import.count_lost_customers",
            """
            SELECT count(*) FROM pg_temp.import_customer s
            WHERE s.customer_id IS NOT NULL AND (SELECT c.id FROM crm.customer c
                WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id AND c.deleted_at IS NULL) IS NULL
            """, one: { try $0.next() })
    }

    /// The customers who were added or changed.
    static let customers = Statement<[Customer.ID]>(
        "import.customers",
        """
        SELECT s.id FROM pg_temp.import_customer s WHERE s.customer_id IS NULL
        UNION ALL SELECT m.customer_id FROM pg_temp.import_change m
        """, all: { try $0.next() })
}
