-- What workers of the version before call while it is being replaced.

CREATE OR REPLACE FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[]) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT job.archive(tenants, ids, leases, outcomes, NULL) $$;

CREATE OR REPLACE FUNCTION job.archive_completed(tenants uuid[], ids uuid[], leases bigint[], places tid[]) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT job.archive(tenants, ids, leases, array_fill('completed'::text, ARRAY[cardinality(ids)]), places) $$;

REVOKE ALL ON FUNCTION job.archive(uuid[], uuid[], bigint[], text[]),
    job.archive_completed(uuid[], uuid[], bigint[], tid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.archive(uuid[], uuid[], bigint[], text[]),
    job.archive_completed(uuid[], uuid[], bigint[], tid[]) TO mehvar_queue;
