import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Citus rules")
struct CitusLintTests {
    @Test func `Every statement of the application keeps the rules`() async throws {
        try await withMigratedDatabase { server in
            let catalogue = try await StatementCatalogue(FilledBusiness(in: server, slug: "one"))
            let entries = try catalogue.groups.filter { $0.role == .app }.flatMap(\.entries)
            for entry in entries where !entry.name.hasPrefix("test.") {
                #expect(CitusRules.broken(byStatement: entry.sql.text) == [], "\(entry.name)")
            }
        }
    }

    @Test func `Every migration and routine keeps the rules`() throws {
        let folders = ["migrations", "routines"].map { sqlDirectory.appending(path: $0) }
        let files = try folders.flatMap {
            try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
        }
        #expect(files.count >= 7)
        for file in files {
            let script = try String(contentsOf: file, encoding: .utf8)
            // What was applied does not change any more.
            let known = ["0029_touchpoints_consents.sql", "0031_runs_timelines.sql"].contains(file.lastPathComponent)
            #expect(
                CitusRules.broken(byScript: script).filter { !known || $0 != "column and foreign key in one statement" }
                    == [],
                "\(file.lastPathComponent)")
        }
    }

    @Test func `Files are copied into temporary tables, never into a tenant's`() throws {
        let folder = sqlDirectory.deletingLastPathComponent().appending(path: "Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var copies = 0
        while let file = files?.nextObject() as? URL {
            // The benchmarks have tables of their own.
            guard file.pathExtension == "swift", !file.path.contains("/mehvar-bench/") else { continue }
            for copy in try String(contentsOf: file, encoding: .utf8).matches(of: /COPY ([a-z_]+\.[a-z_]+)/) {
                copies += 1
                #expect(copy.1.hasPrefix("pg_temp."), "\(file.lastPathComponent)")
            }
        }
        #expect(copies >= 2)
    }

    @Test(
        "A statement that breaks a rule is found",
        arguments: [
            "SELECT name FROM crm.customer WHERE id = $1",
            "SELECT c.name FROM crm.customer c JOIN crm.segment_member m ON m.customer_id = c.id WHERE c.tenant_id = $1",
            "SELECT c.name FROM crm.customer c WHERE c.tenant_id = current_setting('mehvar.tenant_id')::uuid",
            "SELECT name FROM crm.customer WHERE tenant_id = $1 OFFSET 10",
            "MERGE INTO crm.customer c USING crm.import i ON c.tenant_id = i.tenant_id AND i.tenant_id = $1",
            "INSERT INTO crm.segment (tenant_id, name) VALUES ($1, (SELECT name FROM crm.plan WHERE tenant_id = $1))",
            "INSERT INTO crm.segment_member (tenant_id, customer_id) SELECT $1, c.id FROM unnest($2) AS c (id)",
            "UPDATE crm.customer SET id = gen_random_uuid() WHERE tenant_id = $1",
            "DELETE FROM crm.event WHERE tenant_id = $1 AND occurred_at < clock_timestamp()",
            "UPDATE crm.invitation SET expires_at = planned_at + interval '1 day' WHERE tenant_id = $1",
            "UPDATE crm.customer_order SET ordered_on = created_at::date WHERE tenant_id = $1",
            "INSERT INTO crm.consent (tenant_id, is_granted) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET recorded_at = now()",
        ])
    func findsBrokenStatements(text: String) {
        #expect(!CitusRules.broken(byStatement: text).isEmpty)
    }

    @Test(
        "A script that breaks a rule is found",
        arguments: [
            "CREATE TRIGGER t AFTER INSERT ON crm.customer EXECUTE FUNCTION f();", "CREATE SEQUENCE crm.s;",
            "CREATE TABLE crm.t (id bigserial);", "CREATE RULE r AS ON INSERT TO crm.t DO INSTEAD NOTHING;",
            "CREATE TABLE crm.t (a uuid REFERENCES crm.u (a));",
            "CREATE TABLE crm.t (CONSTRAINT f FOREIGN KEY (a) REFERENCES crm.u (a) ON DELETE SET NULL);",
            "ALTER TABLE crm.t ADD COLUMN a uuid, ADD CONSTRAINT f FOREIGN KEY (tenant_id, a) REFERENCES crm.u (tenant_id, id);",
            "CREATE VIEW report.v AS SELECT 1;", "CREATE MATERIALIZED VIEW report.v AS SELECT 1;",
            "CREATE POLICY p ON crm.t USING (true);",
            "CREATE POLICY p ON crm.t TO mehvar_app USING (tenant_id = (SELECT id FROM platform.tenant));",
        ])
    func findsBrokenScripts(script: String) {
        #expect(!CitusRules.broken(byScript: script).isEmpty)
    }
}
