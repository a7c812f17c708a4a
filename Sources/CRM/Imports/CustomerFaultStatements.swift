import Postgres

/// What is wrong with rows of customers beside others and what the tenant has; each notes the rows.
enum CustomerFaultStatements {
    /// Rows whose customer cannot be told, or stands in an earlier row.
    static func keys(_ tenant: Tenant.ID, _ id: FileImport.ID, _ key: CustomerImportKey) -> [Statement<Void>] {
        let column = key.column
        var faults = [
            Statement<Void>(
                effect: "import.duplicate_customers",
                StagingStatements.noting(
                    """
                    SELECT d.row_number, \(column)::text, 'duplicate', '"' || d.key || '" stands also in row ' || d.first || '.'
                    FROM (SELECT s.row_number, s.key, min(s.row_number) OVER (PARTITION BY coalesce(s.customer_id::text, s.address_key, s.key) COLLATE "C") AS first
                        FROM pg_temp.import_customer s) AS d
                    WHERE d.row_number > d.first
                    """)),
            Statement<Void>(
                effect: "import.repeated_customers",
                StagingStatements.noting(
                    """
                    SELECT s.row_number, \(column)::text, 'duplicate', '"' || s.key || '" stands also in an earlier row.'
                    FROM pg_temp.import_customer s
                    WHERE (SELECT c.import_id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id) = \(id)
                    """)),
        ]
        switch key {
        case .email: faults += [ambiguous(tenant, "email", column), shared("email", column)]
        case .phone: faults += [ambiguous(tenant, "phone", column), shared("phone", column)]
        case .id:
            faults.append(
                Statement<Void>(
                    effect: "import.unknown_ids",
                    StagingStatements.noting(
                        """
                        SELECT s.row_number, 'id', 'unknown_customer', 'There is no such customer.' FROM pg_temp.import_customer s
                        -- Who is made one with another one at this moment is known, and looked up again.
                        WHERE (SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id
                            AND (c.deleted_at IS NULL OR c.merged_into_id IS NOT NULL)) IS NULL
                        """)))
        case .reference, .system: break
        }
        return faults
    }

    private static func ambiguous(_ tenant: Tenant.ID, _ channel: SQL, _ column: String) -> Statement<Void> {
        Statement<Void>(
            effect: "import.ambiguous_addresses",
            StagingStatements.noting(
                """
                SELECT s.row_number, \(column)::text, 'ambiguous', 'Several customers have it.'
                FROM pg_temp.import_customer s
                WHERE s.customer_id IS NULL AND (SELECT count(*) FROM crm.contact_point p
                    WHERE p.tenant_id = \(tenant) AND p.channel = '\(channel)' AND p.address_key = s.address_key AND p.deleted_at IS NULL
                        AND p.customer_id IS NOT NULL AND (SELECT c.deleted_at IS NULL FROM crm.customer c
                            WHERE c.tenant_id = \(tenant) AND c.id = p.customer_id)) > 0
                """))
    }

    static let unnamed = Statement<Void>(
        effect: "import.unnamed_customers",
        StagingStatements.noting(
            """
            SELECT s.row_number, 'name', 'required', 'A new customer has a name.' FROM pg_temp.import_customer s
            WHERE s.customer_id IS NULL AND s.name IS NULL
            """))

    /// Rows that make an organisation a person while people belong to it, or a person an organisation who belongs to one.
    static func kinds(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.kind_conflicts",
            StagingStatements.noting(
                """
                SELECT s.row_number, 'kind', 'in_use', CASE s.kind WHEN 'person' THEN 'People belong to this organisation.'
                    ELSE 'This person belongs to an organisation.' END
                FROM pg_temp.import_customer s
                CROSS JOIN LATERAL (SELECT k.id, k.kind, k.organisation_id FROM crm.customer k
                    WHERE k.tenant_id = \(tenant) AND k.id = s.customer_id LIMIT 1) AS c
                WHERE s.kind <> c.kind AND (c.organisation_id IS NOT NULL OR (SELECT p.id FROM crm.customer p
                    WHERE p.tenant_id = \(tenant) AND p.organisation_id = c.id AND p.deleted_at IS NULL LIMIT 1) IS NOT NULL)
                """))
    }

    /// Rows that give a customer a reference that another one has.
    static func references(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.taken_references",
            StagingStatements.noting(
                """
                SELECT d.row_number, 'reference', 'taken', 'Another customer has "' || d.reference || '".'
                FROM (SELECT s.row_number, s.reference, s.customer_id, count(*) OVER (PARTITION BY s.reference) AS count
                    FROM pg_temp.import_customer s WHERE s.reference IS NOT NULL) AS d
                WHERE d.count > 1 OR (SELECT c.id FROM crm.customer c WHERE c.tenant_id = \(tenant) AND c.reference = d.reference
                    AND c.deleted_at IS NULL) <> coalesce(d.customer_id, '00000000-0000-0000-0000-000000000000')
                """))
    }

    /// Rows that give a customer a number in another system that another one has.
    static func externalReferences(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.taken_external_references",
            StagingStatements.noting(
                """
                SELECT d.row_number, 'references.' || d.system, 'taken', 'Another customer has "' || d.reference || '".'
                FROM (SELECT s.row_number, s.customer_id, e.key AS system, e.value AS reference,
                        min(s.row_number) OVER (PARTITION BY e.key, e.value) AS first
                    FROM pg_temp.import_customer s CROSS JOIN LATERAL jsonb_each_text(s.external_references) AS e
                    WHERE s.external_references IS NOT NULL) AS d
                WHERE d.row_number > d.first OR (SELECT r.customer_id FROM crm.customer_reference r WHERE r.tenant_id = \(tenant)
                    AND r.system = d.system AND r.reference = d.reference)
                    <> coalesce(d.customer_id, '00000000-0000-0000-0000-000000000000')
                """))
    }

    static let organisations = Statement<Void>(
        effect: "import.unknown_organisations",
        StagingStatements.noting(
            """
            SELECT s.row_number, 'organisation', 'not_found', 'No organisation has the reference "' || s.organisation || '".'
            FROM pg_temp.import_customer s WHERE s.organisation IS NOT NULL AND s.organisation_id IS NULL
            UNION ALL
            SELECT s.row_number, 'organisation', 'not_found', 'The row of "' || s.organisation || '" is wrong.'
            FROM pg_temp.import_customer s
            WHERE s.organisation_id IN (SELECT o.id FROM pg_temp.import_customer o WHERE o.customer_id IS NULL
                AND o.row_number IN (SELECT f.row_number FROM pg_temp.import_fault f))
            """))

    /// Rows that have an organisation belong to one.
    static func nested(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.nested_organisations",
            StagingStatements.noting(
                """
                SELECT s.row_number, 'organisation', 'not_allowed', 'Only persons belong to organisations.'
                FROM pg_temp.import_customer s
                WHERE s.organisation IS NOT NULL AND coalesce(s.kind, (SELECT c.kind FROM crm.customer c
                    WHERE c.tenant_id = \(tenant) AND c.id = s.customer_id)) = 'organisation'
                """))
    }

    /// New customers without what each must have.
    static func attributes(required: [String]) -> Statement<Void> {
        Statement<Void>(
            effect: "import.missing_attributes",
            StagingStatements.noting(
                """
                SELECT s.row_number, 'attributes.' || a.name, 'required', 'Is required.'
                FROM pg_temp.import_customer s CROSS JOIN unnest(\(required)) AS a (name)
                WHERE s.customer_id IS NULL AND coalesce(s.attributes -> a.name, 'null') = 'null'
                """))
    }

    /// Customers who would have more than they may. Who has more, since several were made one, is left alone as long as nothing is added.
    static func limits(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement<Void>(
            effect: "import.overfull_customers",
            StagingStatements.noting(
                """
                SELECT m.row_number, CASE WHEN n.added > 20 THEN coalesce(CASE WHEN m.addresses IS NOT NULL THEN 'addresses' END,
                        CASE WHEN m.email IS NOT NULL THEN 'email' END, 'phone')
                        WHEN cardinality(m.tags) > 50 THEN 'tags' WHEN cardinality(m.market_ids) > 50 THEN 'markets'
                        WHEN octet_length(m.attributes::text) > 16384 THEN 'attributes' ELSE 'references' END,
                    'too_many', 'With what the customer has it is too much.'
                FROM pg_temp.import_change m
                CROSS JOIN LATERAL (SELECT CASE WHEN \(added("m")) > 0 THEN \(added("m"))
                    + (SELECT count(*) FROM crm.contact_point p
                        WHERE p.tenant_id = \(tenant) AND p.customer_id = m.customer_id AND p.deleted_at IS NULL) END AS added LIMIT 1) AS n
                WHERE n.added > 20 OR cardinality(m.tags) > 50 OR cardinality(m.market_ids) > 50
                    OR octet_length(m.attributes::text) > 16384
                    OR (SELECT count(*) FROM jsonb_object_keys(m.external_references)) > 20
                    OR (SELECT count(*) FROM jsonb_object_keys(m.names)) > 10
                """))
    }

    /// New customers with more addresses than one may have.
    static let addresses = Statement<Void>(
        effect: "import.overfull_addresses",
        StagingStatements.noting(
            """
            SELECT s.row_number, 'addresses', 'too_many', 'At most 20 with e-mail and telephone.' FROM pg_temp.import_customer s
            WHERE s.addresses IS NOT NULL AND s.customer_id IS NULL AND \(added("s")) > 20
            """))

    /// How many addresses a row brings.
    private static func added(_ row: SQL) -> SQL {
        """
        (coalesce(jsonb_array_length(\(row).addresses), 0) + num_nonnulls(\(row).email, \(row).phone))
        """
    }

    /// Rows of which the address that the customer is found by is another row's, too.
    private static func shared(_ channel: SQL, _ column: String) -> Statement<Void> {
        Statement<Void>(
            effect: "import.shared_addresses",
            StagingStatements.noting(
                """
                SELECT greatest(s.row_number, o.row_number), \(column)::text, 'duplicate',
                    '"' || min(s.key) || '" stands also in row ' || min(least(s.row_number, o.row_number)) || '.'
                FROM (SELECT k.row_number, crm.address_key('\(channel)', a.value ->> 1) AS address_key
                    FROM pg_temp.import_customer k CROSS JOIN LATERAL jsonb_array_elements(k.addresses) AS a (value)
                    WHERE k.addresses IS NOT NULL AND a.value ->> 0 = '\(channel)') AS o
                JOIN pg_temp.import_customer s ON s.address_key = o.address_key AND s.row_number <> o.row_number
                GROUP BY greatest(s.row_number, o.row_number)
                """))
    }
}
