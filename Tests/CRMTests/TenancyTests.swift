import CRM
import Postgres
import TestSupport
import Testing

/// What the catalogue must say so that no tenant can see another's rows, whatever statement is run.
@Suite("Tenancy")
struct TenancyTests {
    /// The tables of crm and job, partitions among them only where that is said.
    private static let tables: SQL = """
        (SELECT c.*, c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p')
            AND c.relnamespace IN ('crm'::regnamespace, 'job'::regnamespace))
        """
    private static let tenantTables: SQL = """
        (SELECT t.*, a.attnum AS tenant_column FROM \(tables) t JOIN pg_attribute a ON a.attrelid = t.oid
            AND a.attname = 'tenant_id' AND NOT a.attisdropped)
        """

    private func expectNone(_ query: SQL, _ location: SourceLocation = #_sourceLocation) async throws {
        try await withMigratedDatabase { server in
            let found = try await server.texts(query)
            #expect(found == [], sourceLocation: location)
        }
    }

    @Test func `Every table of crm and job belongs to tenants, apart from workers and paused queues`() async throws {
        try await withMigratedDatabase { server in
            let ours = try await server.texts("SELECT t.name FROM \(Self.tenantTables) t WHERE NOT t.relispartition")
            #expect(ours.count > 20)
            let others = try await server.texts(
                """
                SELECT t.name FROM \(Self.tables) t WHERE NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull AND a.atttypid = 'uuid'::regtype)
                """)
            #expect(Set(others) == ["job.worker", "job.paused_queue"])
        }
    }

    @Test func `Every tenant table has a primary key that begins with the tenant`() async throws {
        try await expectNone(
            """
            SELECT t.name FROM \(Self.tenantTables) t WHERE NOT EXISTS (SELECT FROM pg_index i
                WHERE i.indrelid = t.oid AND i.indisprimary AND i.indkey[0] = t.tenant_column)
            """)
    }

    @Test func `Every unique index of a tenant table begins with the tenant, and no exclusion is without it`()
        async throws
    {
        try await expectNone(
            """
            SELECT i.indexrelid::regclass::text FROM \(Self.tenantTables) t JOIN pg_index i ON i.indrelid = t.oid
            WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] <> t.tenant_column
            """)
    }

    @Test func `Every foreign key between tenant tables includes the tenant on both sides`() async throws {
        try await expectNone(
            """
            SELECT k.conname::text FROM \(Self.tenantTables) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
            JOIN \(Self.tenantTables) r ON r.oid = k.confrelid
            WHERE k.conkey[1] <> t.tenant_column OR k.confkey[1] <> r.tenant_column
            """)
    }

    @Test func `A foreign key out of the tenant's tables leads to the tenant itself`() async throws {
        try await expectNone(
            """
            SELECT k.conname::text FROM \(Self.tenantTables) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
            WHERE k.confrelid NOT IN (SELECT r.oid FROM \(Self.tenantTables) r)
                AND (k.confrelid <> 'platform.tenant'::regclass OR k.conkey <> ARRAY[t.tenant_column])
            """)
    }

    @Test func `Every foreign key has a name of its own and neither cascades nor sets null`() async throws {
        try await expectNone(
            """
            SELECT k.conname::text FROM \(Self.tables) t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
            WHERE k.confupdtype <> 'a' OR k.confdeltype NOT IN ('a', 'r') OR k.conname = t.relname || '_' || (
                SELECT string_agg(a.attname, '_' ORDER BY c.place) FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.number) || '_fkey'
            """)
    }

    @Test func `Row level security is enabled and forced on every tenant table, on partitions too`() async throws {
        try await expectNone(
            "SELECT t.name FROM \(Self.tenantTables) t WHERE NOT (t.relrowsecurity AND t.relforcerowsecurity)")
        try await expectNone(
            """
            SELECT c.oid::regclass::text FROM pg_class c WHERE c.oid = 'platform.tenant'::regclass
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """)
    }

    @Test func `Every policy names its roles and holds no subquery`() async throws {
        try await expectNone(
            """
            SELECT p.polrelid::regclass::text || ' ' || p.polname FROM pg_policy p
            WHERE 0 = ANY (p.polroles) OR concat(p.polqual, p.polwithcheck) ~ 'SUBLINK|SUBPLAN'
            """)
    }

    @Test func `What the application sees depends on the transaction's tenant and on nothing else`() async throws {
        try await withMigratedDatabase { server in
            let forms = try await server.texts(
                """
                SELECT DISTINCT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p
                WHERE 'mehvar_app'::regrole = ANY (p.polroles)
                """)
            #expect(
                Set(forms) == [
                    "(tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid)",
                    "(id = (current_setting('mehvar.tenant_id'::text))::uuid)",
                ])
        }
        try await expectNone(
            """
            SELECT p.polrelid::regclass::text FROM pg_policy p WHERE 'mehvar_app'::regrole = ANY (p.polroles)
                AND (p.polwithcheck IS NOT NULL OR NOT p.polpermissive)
            """)
        try await expectNone(
            """
            SELECT t.name FROM \(Self.tenantTables) t WHERE has_any_column_privilege('mehvar_app', t.oid, 'SELECT')
                AND 1 <> (SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid
                    AND 'mehvar_app'::regrole = ANY (p.polroles))
            """)
    }

    @Test func `Nothing hangs on a tenant table that writes behind the statement's back`() async throws {
        try await expectNone(
            """
            SELECT g.tgname::text FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
            WHERE NOT g.tgisinternal AND c.relnamespace IN ('crm'::regnamespace, 'job'::regnamespace, 'platform'::regnamespace)
            """)
        try await expectNone(
            """
            SELECT r.rulename::text FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            WHERE r.rulename <> '_RETURN'
                AND c.relnamespace IN ('crm'::regnamespace, 'job'::regnamespace, 'platform'::regnamespace)
            """)
    }

    @Test func `Views ask as their reader, and nothing is materialised`() async throws {
        try await expectNone(
            """
            SELECT c.oid::regclass::text FROM pg_class c
            WHERE c.relnamespace IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname IN ('crm', 'job', 'platform', 'report'))
                AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))))
            """)
    }
}

/// What each role may do at all.
@Suite("Privileges")
struct PrivilegeTests {
    private static let ours: SQL = "('crm'::regnamespace, 'job'::regnamespace, 'platform'::regnamespace)"

    @Test func `PUBLIC may run no function of ours, and new ones neither`() async throws {
        try await withMigratedDatabase { server in
            let functions: SQL = """
                SELECT p.oid::regprocedure::text FROM pg_proc p
                WHERE p.pronamespace IN \(Self.ours) AND has_function_privilege('public', p.oid, 'EXECUTE')
                """
            #expect(try await server.texts(functions) == [])
            try await Connection.with(server.configuration(user: "mehvar_owner")) { connection in
                try await connection.execute(
                    script: "CREATE FUNCTION crm.fresh() RETURNS integer LANGUAGE sql RETURN 1", name: "test")
            }
            #expect(try await server.texts(functions) == [])
        }
    }

    @Test func `Functions that run as their owner pin their search path, temporary tables last`() async throws {
        try await withMigratedDatabase { server in
            let definers: SQL =
                "SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace IN \(Self.ours) AND p.prosecdef"
            let found = try await server.texts(definers)
            #expect(found.contains("maintain_partitions"))
            let unpinned = try await server.texts(
                """
                \(definers) AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting
                    WHERE setting ~ '^search_path=([^,]+, )+pg_temp$')
                """)
            #expect(unpinned == [])
        }
    }

    @Test func `PUBLIC has nothing in the database, in its schemas or on a table, and roles can be applied again`()
        async throws
    {
        try await withMigratedDatabase { server in
            // A copied database does not have the rights on the database itself.
            try await applyRoles(to: server)
            let granted = try await server.texts(
                """
                SELECT kind FROM unnest('{CONNECT, CREATE, TEMPORARY}'::text[]) AS kind
                WHERE has_database_privilege('public', current_database(), kind)
                UNION ALL
                SELECT n.nspname || ' ' || kind FROM pg_namespace n, unnest('{CREATE, USAGE}'::text[]) AS kind
                WHERE n.nspname IN ('crm', 'job', 'platform', 'public') AND has_schema_privilege('public', n.oid, kind)
                UNION ALL
                SELECT c.oid::regclass::text FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.relnamespace IN \(Self.ours) AND a.grantee = 0
                """)
            #expect(granted == [])
            let withTemporary = try await server.texts(
                """
                SELECT r.rolname::text FROM pg_roles r WHERE r.rolname ~ '^mehvar_'
                    AND has_database_privilege(r.oid, current_database(), 'TEMPORARY') ORDER BY 1
                """)
            #expect(withTemporary == ["mehvar_app", "mehvar_owner"])
        }
    }

    @Test func `No role but the owner passes row level security, owns anything or belongs to another`() async throws {
        try await withMigratedDatabase { server in
            let privileged = try await server.texts(
                """
                SELECT r.rolname::text FROM pg_roles r WHERE r.rolname ~ '^mehvar_'
                    AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb)
                """)
            #expect(privileged == ["mehvar_owner"])
            let owners = try await server.texts(
                """
                SELECT DISTINCT pg_get_userbyid(c.relowner)::text FROM pg_class c WHERE c.relnamespace IN \(Self.ours)
                UNION SELECT pg_get_userbyid(p.proowner)::text FROM pg_proc p WHERE p.pronamespace IN \(Self.ours)
                UNION SELECT pg_get_userbyid(n.nspowner)::text FROM pg_namespace n WHERE n.oid IN \(Self.ours)
                """)
            #expect(owners == ["mehvar_owner"])
            let members = try await server.texts(
                """
                SELECT a.member::regrole::text FROM pg_auth_members a
                WHERE a.member::regrole::text IN ('mehvar_app', 'mehvar_queue', 'mehvar_platform')
                """)
            #expect(members == [])
        }
    }

    @Test func `Nobody but the owner may truncate, reference or hang triggers on a table`() async throws {
        try await withMigratedDatabase { server in
            let excessive = try await server.texts(
                """
                SELECT c.oid::regclass || ' ' || a.grantee::regrole || ' ' || a.privilege_type
                FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.relnamespace IN \(Self.ours) AND a.grantee <> c.relowner
                    AND (a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') OR a.is_grantable)
                """)
            #expect(excessive == [])
        }
    }

    @Test func `The queue's role has nothing in crm`() async throws {
        try await withMigratedDatabase { server in
            let reachable = try await server.texts(
                """
                SELECT 'schema' WHERE has_schema_privilege('mehvar_queue', 'crm', 'USAGE')
                UNION ALL SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace
                    AND c.relkind IN ('r', 'p', 'v') AND has_any_column_privilege('mehvar_queue', c.oid, 'SELECT, INSERT, UPDATE')
                UNION ALL SELECT p.proname::text FROM pg_proc p
                    WHERE p.pronamespace = 'crm'::regnamespace AND has_function_privilege('mehvar_queue', p.oid, 'EXECUTE')
                """)
            #expect(reachable == [])
        }
    }
}
