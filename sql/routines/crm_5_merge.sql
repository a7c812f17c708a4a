-- What a customer last said about each channel, from the record of all that was said.
CREATE OR REPLACE FUNCTION crm.settle_consents(tenant uuid, customer uuid) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM crm.consent k WHERE k.tenant_id = tenant AND k.customer_id = customer
        AND NOT EXISTS (SELECT FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer AND n.channel = k.channel);

    INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source, given_at, recorded_at)
    SELECT DISTINCT ON (n.channel) n.tenant_id, n.customer_id, n.channel, n.is_granted, n.source, n.given_at, n.recorded_at
    FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer
        -- A file undoes no refusal that a customer said in another way.
        AND NOT (n.is_granted AND n.source = 'import' AND EXISTS (SELECT FROM crm.consent_record o
            WHERE o.tenant_id = tenant AND o.customer_id = customer AND o.channel = n.channel AND o.source <> 'import' AND NOT o.is_granted
                AND NOT EXISTS (SELECT FROM crm.consent_record l WHERE l.tenant_id = tenant AND l.customer_id = customer
                    AND l.channel = n.channel AND l.source <> 'import'
                    AND (l.given_at, l.recorded_at, l.id) > (o.given_at, o.recorded_at, o.id))))
    ORDER BY n.channel, n.given_at DESC, n.recorded_at DESC, n.id DESC
    ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE SET is_granted = excluded.is_granted, source = excluded.source,
        given_at = excluded.given_at, recorded_at = excluded.recorded_at
$$;
REVOKE ALL ON FUNCTION crm.settle_consents(uuid, uuid) FROM PUBLIC;

-- Has the people of a merged organisation looked after, as RefreshCustomers.noting does.
CREATE OR REPLACE FUNCTION crm.note_people(merging uuid) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO job.gathered (tenant_id, kind, id, queue, item)
    SELECT r.tenant_id, 'customers.refresh', gen_random_uuid(), 'default', r.row_id FROM crm.merge_row r
    WHERE r.tenant_id = current_setting('mehvar.tenant_id')::uuid AND r.merge_id = merging AND r.kind = 'person'
    ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON FUNCTION crm.note_people(uuid) FROM PUBLIC;

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
    -- One half by each of two indexes.
    FOR place IN SELECT * FROM (VALUES
        ('order', 'customer_order', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NULL'),
        ('order', 'customer_order', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NOT NULL'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NULL'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NOT NULL'),
        ('response', 'response', '', 'true'), ('consent', 'consent_record', '', 'true'), ('stage_change', 'stage_change', '', 'true'))
        AS p (kind, name, touch, half)
    LOOP
        EXECUTE format(
            $query$
            WITH moved AS (
                UPDATE crm.%I t SET customer_id = $3 %s WHERE t.tenant_id = $1 AND t.customer_id = $4 AND (%s) RETURNING t.id
            )
            INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT $1, $2, %L, m.id FROM moved m ON CONFLICT DO NOTHING
            $query$, place.name, place.touch, place.half, place.kind)
        USING tenant, merged_by, survivor, merged;
    END LOOP;
    -- Who was invited twice to one wave stays so.
    WITH moved AS (
        UPDATE crm.invitation t SET customer_id = survivor WHERE t.tenant_id = tenant AND t.recipient_id = merged
            -- One half by each of two indexes.
            AND (t.state = 'excluded' OR t.state <> 'excluded')
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
    PERFORM crm.note_people(merged_by);
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
            UPDATE crm.segment s SET member_count = s.member_count + 1 WHERE s.tenant_id = tenant AND s.id = joined;
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
    PERFORM crm.note_people(undone);
    -- What the log says that merging brought is the other one's.
    DELETE FROM crm.event_personal p USING crm.event e, crm.merge g
    WHERE g.tenant_id = tenant AND g.id = undone AND e.tenant_id = tenant AND e.object_id = survivor AND e.action = 'customer.merged'
        AND e.occurred_at = g.created_at AND p.tenant_id = tenant AND p.event_id = e.id;
    -- By address, since somebody may have written the survivor's anew; what another merge brought as well stays.
    UPDATE crm.contact_point t SET deleted_at = now(), version = t.version + 1
    FROM crm.merge_row r JOIN crm.contact_point p ON p.tenant_id = tenant AND p.id = r.row_id
    WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind = 'contact_point' AND t.tenant_id = tenant AND t.customer_id = survivor
        AND t.channel = p.channel AND t.address_key = p.address_key AND t.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM crm.merge m JOIN crm.contact_point o ON o.tenant_id = tenant AND o.customer_id = m.merged_id
            WHERE m.tenant_id = tenant AND m.survivor_id = survivor AND m.id <> undone AND m.undone_at IS NULL
                AND o.channel = p.channel AND o.address_key = p.address_key AND o.deleted_at IS NULL);
    FOR place IN SELECT r.kind, r.row_id FROM crm.merge_row r
        JOIN crm.segment s ON s.tenant_id = tenant AND s.id = r.row_id AND s.kind = 'manual' AND s.deleted_at IS NULL
        WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind IN ('segment', 'joined_segment') ORDER BY r.row_id, r.kind
    LOOP
        place_id := place.row_id;
        IF place.kind = 'segment' THEN
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id) VALUES (tenant, place_id, merged) ON CONFLICT DO NOTHING;
            IF FOUND THEN
                UPDATE crm.segment s SET member_count = s.member_count + 1
                WHERE s.tenant_id = tenant AND s.id = place_id;
            END IF;
        ELSE
            -- Who was put in again since, or by another merge too, stays.
            DELETE FROM crm.segment_member m WHERE m.tenant_id = tenant AND m.segment_id = place_id AND m.customer_id = survivor
                AND m.entered_at = (SELECT g.created_at FROM crm.merge g WHERE g.tenant_id = tenant AND g.id = undone)
                AND NOT EXISTS (SELECT FROM crm.merge g JOIN crm.merge_row w ON w.tenant_id = tenant AND w.merge_id = g.id
                    WHERE g.tenant_id = tenant AND g.survivor_id = survivor AND g.id <> undone AND g.undone_at IS NULL
                        AND w.kind = 'segment' AND w.row_id = place_id)
            RETURNING m.entered_at INTO entered;
            IF FOUND THEN
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                VALUES (tenant, place_id, survivor, entered, now()) ON CONFLICT DO NOTHING;
                UPDATE crm.segment s SET member_count = s.member_count - 1
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

-- Who a customer is by now: the one that the customer was made one with, however indirectly.
CREATE OR REPLACE FUNCTION crm.survivor_of(tenant uuid, customer uuid) RETURNS uuid
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE chain (id, next, level) AS (
        SELECT c.id, c.merged_into_id, 1 FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = customer
        UNION ALL
        SELECT c.id, c.merged_into_id, p.level + 1 FROM chain p JOIN crm.customer c ON c.tenant_id = tenant AND c.id = p.next
        WHERE p.level < 1000
    )
    SELECT p.id FROM chain p WHERE p.next IS NULL
$$;
REVOKE ALL ON FUNCTION crm.survivor_of(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.survivor_of(uuid, uuid) TO mehvar_app;

-- The numbers in other systems of those who were made one with a customer, however indirectly.
CREATE OR REPLACE FUNCTION crm.former_references(tenant uuid, customer uuid) RETURNS TABLE (system text, reference text)
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE former (id, others, level) AS (
        SELECT c.id, c.external_references, 1 FROM crm.customer c WHERE c.tenant_id = tenant AND c.merged_into_id = customer
        UNION ALL
        SELECT c.id, c.external_references, f.level + 1 FROM former f
        JOIN crm.customer c ON c.tenant_id = tenant AND c.merged_into_id = f.id
        WHERE f.level < 1000
    )
    SELECT e.key, e.value FROM former f CROSS JOIN LATERAL jsonb_each_text(f.others) AS e
$$;
REVOKE ALL ON FUNCTION crm.former_references(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.former_references(uuid, uuid) TO mehvar_app;
