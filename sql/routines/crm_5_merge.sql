-- What a customer last said about each channel, from the record of all that was said.
CREATE OR REPLACE FUNCTION crm.settle_consents(tenant uuid, customer uuid) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM crm.consent k WHERE k.tenant_id = tenant AND k.customer_id = customer
        AND NOT EXISTS (SELECT FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer AND n.channel = k.channel);

    INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source, recorded_at)
    SELECT DISTINCT ON (n.channel) n.tenant_id, n.customer_id, n.channel, n.is_granted, n.source, n.recorded_at
    FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer
    ORDER BY n.channel, n.recorded_at DESC, n.id DESC
    ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE SET is_granted = excluded.is_granted, source = excluded.source,
        recorded_at = excluded.recorded_at
$$;
REVOKE ALL ON FUNCTION crm.settle_consents(uuid, uuid) FROM PUBLIC;

-- Gives the survivor of a merge everything that happened with the other customer of the transaction's tenant, and notes the rows. The
-- caller holds both customers. What was said and done is never changed by the application otherwise, so this belongs to the owner.
CREATE OR REPLACE FUNCTION crm.give_to_survivor(merged_by uuid, survivor uuid, merged uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    place record;
    joined uuid;
BEGIN
    FOR place IN SELECT * FROM (VALUES ('order', 'customer_order', ', version = t.version + 1, updated_at = now()'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()'),
        ('response', 'response', ''), ('consent', 'consent_record', ''), ('stage_change', 'stage_change', '')) AS p (kind, name, touch)
    LOOP
        EXECUTE format(
            $query$
            WITH moved AS (
                UPDATE crm.%I t SET customer_id = $3 %s WHERE t.tenant_id = $1 AND t.customer_id = $4 RETURNING t.id
            )
            INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT $1, $2, %L, m.id FROM moved m ON CONFLICT DO NOTHING
            $query$, place.name, place.touch, place.kind)
        USING tenant, merged_by, survivor, merged;
    END LOOP;
    -- Who was invited twice to one wave stays so.
    WITH moved AS (
        UPDATE crm.invitation t SET customer_id = survivor WHERE t.tenant_id = tenant AND t.recipient_id = merged
            AND NOT EXISTS (SELECT FROM crm.invitation o WHERE o.tenant_id = tenant AND o.campaign_id = t.campaign_id AND o.wave = t.wave
                AND o.recipient_id = survivor)
        RETURNING t.id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'invitation', m.id FROM moved m;
    WITH moved AS (
        UPDATE crm.customer t SET organisation_id = survivor, version = t.version + 1, updated_at = now()
        WHERE t.tenant_id = tenant AND t.organisation_id = merged RETURNING t.id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'person', m.id FROM moved m;
    -- Addresses are copied: those of the other one stay with the row that may come back.
    WITH copied AS (
        INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary, type, verified_at)
        SELECT tenant, gen_random_uuid(), survivor, p.channel, p.address, p.is_primary AND NOT EXISTS (SELECT FROM crm.contact_point o
                WHERE o.tenant_id = tenant AND o.customer_id = survivor AND o.channel = p.channel AND o.is_primary AND o.deleted_at IS NULL),
            p.type, p.verified_at
        FROM crm.contact_point p WHERE p.tenant_id = tenant AND p.customer_id = merged AND p.deleted_at IS NULL
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'contact_point', c.id FROM copied c;
    -- Of segments that are listed by hand; rules find out for themselves.
    FOR joined IN SELECT m.segment_id FROM crm.segment_member m JOIN crm.segment s ON s.tenant_id = tenant AND s.id = m.segment_id
        WHERE m.tenant_id = tenant AND m.customer_id = merged AND s.kind = 'manual' AND s.deleted_at IS NULL ORDER BY m.segment_id
    LOOP
        INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) VALUES (tenant, merged_by, 'segment', joined);
        INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id) VALUES (tenant, joined, survivor) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) VALUES (tenant, merged_by, 'joined_segment', joined);
            UPDATE crm.segment s SET member_count = s.member_count + 1, version = s.version + 1 WHERE s.tenant_id = tenant AND s.id = joined;
        END IF;
    END LOOP;
    PERFORM crm.settle_consents(tenant, survivor);
    PERFORM crm.settle_consents(tenant, merged);
END
$$;
REVOKE ALL ON FUNCTION crm.give_to_survivor(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.give_to_survivor(uuid, uuid, uuid) TO mehvar_app;

-- Gives back what a merge took, as far as it is still the survivor's. The caller holds both customers.
CREATE OR REPLACE FUNCTION crm.give_back(undone uuid, survivor uuid, merged uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    place record;
    place_id uuid;
    entered timestamptz;
BEGIN
    FOR place IN SELECT * FROM (VALUES ('order', 'customer_order', ', version = t.version + 1, updated_at = now()'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()'),
        ('response', 'response', ''), ('consent', 'consent_record', ''), ('stage_change', 'stage_change', ''),
        ('invitation', 'invitation', '')) AS p (kind, name, touch)
    LOOP
        EXECUTE format(
            $query$
            UPDATE crm.%I t SET customer_id = $4 %s FROM crm.merge_row r
            WHERE r.tenant_id = $1 AND r.merge_id = $2 AND r.kind = %L AND t.tenant_id = $1 AND t.id = r.row_id AND t.customer_id = $3
            $query$, place.name, place.touch, place.kind)
        USING tenant, undone, survivor, merged;
    END LOOP;
    UPDATE crm.customer t SET organisation_id = merged, version = t.version + 1, updated_at = now() FROM crm.merge_row r
    WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind = 'person' AND t.tenant_id = tenant AND t.id = r.row_id
        AND t.organisation_id = survivor;
    UPDATE crm.contact_point t SET deleted_at = now(), version = t.version + 1 FROM crm.merge_row r
    WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind = 'contact_point' AND t.tenant_id = tenant AND t.id = r.row_id
        AND t.customer_id = survivor AND t.deleted_at IS NULL;
    FOR place IN SELECT r.kind, r.row_id FROM crm.merge_row r
        JOIN crm.segment s ON s.tenant_id = tenant AND s.id = r.row_id AND s.kind = 'manual' AND s.deleted_at IS NULL
        WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind IN ('segment', 'joined_segment') ORDER BY r.row_id, r.kind
    LOOP
        place_id := place.row_id;
        IF place.kind = 'segment' THEN
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id) VALUES (tenant, place_id, merged) ON CONFLICT DO NOTHING;
            IF FOUND THEN
                UPDATE crm.segment s SET member_count = s.member_count + 1, version = s.version + 1
                WHERE s.tenant_id = tenant AND s.id = place_id;
            END IF;
        ELSE
            DELETE FROM crm.segment_member m WHERE m.tenant_id = tenant AND m.segment_id = place_id AND m.customer_id = survivor
            RETURNING m.entered_at INTO entered;
            IF FOUND THEN
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                VALUES (tenant, place_id, survivor, entered, now()) ON CONFLICT DO NOTHING;
                UPDATE crm.segment s SET member_count = s.member_count - 1, version = s.version + 1
                WHERE s.tenant_id = tenant AND s.id = place_id;
            END IF;
        END IF;
    END LOOP;
    PERFORM crm.settle_consents(tenant, survivor);
    PERFORM crm.settle_consents(tenant, merged);
END
$$;
REVOKE ALL ON FUNCTION crm.give_back(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.give_back(uuid, uuid, uuid) TO mehvar_app;
