-- The roles of a deployment and what they may do in this database. Run by a superuser, before the first migration and after each
-- that adds a role; running it again changes nothing.
--
--   mehvar_owner     owns, migrates and backs up; sees all rows (BYPASSRLS), or backfills would silently touch none
--   mehvar_app       the API and the job handlers; one tenant per transaction
--   mehvar_queue     claims and finishes jobs of all tenants; sees schema job and nothing else
--   mehvar_platform  creates and lists tenants
--   mehvar_report    group of the SQL reporting logins
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I %s', r.name, r.options)
FROM (VALUES
    ('mehvar_owner', 'LOGIN BYPASSRLS'),
    ('mehvar_app', 'LOGIN'),
    ('mehvar_queue', 'LOGIN'),
    ('mehvar_platform', 'LOGIN'),
    ('mehvar_report', 'NOLOGIN')
) AS r (name, options)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles p WHERE p.rolname = r.name)
\gexec

ALTER ROLE mehvar_owner BYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE mehvar_app NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE mehvar_queue NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE mehvar_platform NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE mehvar_report NOBYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;

-- The server's second line behind the client's own deadlines.
ALTER ROLE mehvar_app SET statement_timeout = '60s';
ALTER ROLE mehvar_app SET lock_timeout = '10s';
ALTER ROLE mehvar_app SET idle_in_transaction_session_timeout = '60s';
-- Pages are read from memory or from an SSD, where one here and one there cost hardly more than those beside each other.
ALTER ROLE mehvar_app SET random_page_cost = 1.1;
ALTER ROLE mehvar_queue SET statement_timeout = '30s';
ALTER ROLE mehvar_queue SET lock_timeout = '5s';
-- The queue's tables swing between empty and full faster than statistics follow, and prepared statements keep their plans. What is right at
-- every size are nested loops over the indexes, in their order.
ALTER ROLE mehvar_queue SET enable_seqscan = off;
ALTER ROLE mehvar_queue SET enable_bitmapscan = off;
ALTER ROLE mehvar_queue SET enable_sort = off;
ALTER ROLE mehvar_queue SET enable_hashjoin = off;
ALTER ROLE mehvar_queue SET enable_mergejoin = off;
ALTER ROLE mehvar_queue SET jit = off;
ALTER ROLE mehvar_queue SET plan_cache_mode = force_generic_plan;

SELECT format('GRANT CREATE ON DATABASE %I TO mehvar_owner', current_database())
UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
UNION ALL SELECT format('GRANT CONNECT ON DATABASE %I TO mehvar_owner, mehvar_app, mehvar_queue, mehvar_platform, mehvar_report', current_database())
-- Imports are staged in temporary tables.
UNION ALL SELECT format('GRANT TEMPORARY ON DATABASE %I TO mehvar_owner, mehvar_app', current_database())
\gexec

REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE mehvar_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
GRANT USAGE ON SCHEMA public TO mehvar_owner, mehvar_app;
