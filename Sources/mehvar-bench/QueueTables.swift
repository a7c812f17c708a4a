import CRM
import Foundation
import JobQueue
import Postgres

/// The job that does nothing.
struct NoOperation: Job {
    static let kind = "bench.none"

    let survey: Int
    let customer: String
}

/// The tenants and tables of the benchmark `queue`, and the floor's statements on them.
struct QueueTables: Sendable {
    let superuser: String
    let folder: URL
    let tenants: [UUID]

    /// The statements of a worker in their plainest form: claim 250 jobs of a tenant, delete them and insert them into
    /// the done ones.
    private var cycle: String {
        """
        \\set t random(1, \(tenants.count))
        WITH c AS MATERIALIZED (
            SELECT j.tenant_id, j.id FROM job.job j WHERE j.tenant_id = md5(:t::text)::uuid
                AND j.queue = 'default' AND j.state = 'ready' ORDER BY priority, run_at, id LIMIT 250 FOR UPDATE SKIP LOCKED
        ), u AS (
            UPDATE job.job j SET state = 'running', lease = lease + 1, attempt = attempt + 1,
                worker_id = '00000000-0000-4000-8000-000000000001', started_at = now()
            FROM c WHERE j.tenant_id = c.tenant_id AND j.id = c.id RETURNING j.id, j.lease, j.parameters
        ) SELECT coalesce(array_agg(id), '{}') AS ids, sum(length(parameters::text)) AS l FROM u \\gset
        WITH d AS (
            DELETE FROM job.job WHERE tenant_id = md5(:t::text)::uuid
                AND id = ANY (:ids::uuid[]) AND state = 'running' RETURNING *
        ) INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at, started_at)
        SELECT tenant_id, id, queue, kind, version, 'completed', attempt, rescues, lease, unique_key, errors, created_at,
            run_at, started_at FROM d;

        """
    }

    /// One statement that inserts 5000 jobs from arrays that are there already.
    private var bulk: String {
        """
        INSERT INTO job.job (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, parameters)
        SELECT md5('1')::uuid, gen_random_uuid(), 'default', 'bench.none', 1, 0, 'ready',
            now(), 20, n.parameters
        FROM (SELECT unnest(parameters) AS parameters FROM bench.bulk) n;

        """
    }

    private var one: String {
        """
        \\set t random(1, \(tenants.count))
        \\set i random(1, 1000000000)
        \\startpipeline
        BEGIN;
        SELECT crm.set_tenant(md5(:t::text)::uuid);
        INSERT INTO bench.write (tenant_id, number) VALUES (md5(:t::text)::uuid, :i);
        INSERT INTO job.job (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, parameters)
            VALUES (md5(:t::text)::uuid, gen_random_uuid(), 'default', 'bench.none', 1, 0,
                'ready', now(), 20, '{"survey": 1, "customer": "c1"}');
        COMMIT;
        \\endpipeline

        """
    }

    /// Makes so many tenants.
    static func make(superuser: String, folder: URL, tenants count: Int) async throws -> QueueTables {
        let configuration = Configuration(url: superuser, applicationName: "mehvar-bench")
        try await script(
            configuration,
            """
            CREATE SCHEMA bench;
            CREATE TABLE bench.write (tenant_id uuid NOT NULL, number bigint NOT NULL);
            CREATE TABLE bench.bulk AS SELECT array_agg(jsonb_build_object('survey', i % 7, 'customer', 'c' || i)) AS parameters
                FROM generate_series(1, 5000) AS i;
            GRANT USAGE ON SCHEMA bench TO mehvar_app;
            GRANT INSERT ON bench.write TO mehvar_app;
            INSERT INTO platform.tenant (id, slug, name)
                SELECT md5(i::text)::uuid, 'bench-' || i, 'Bench' FROM generate_series(1, \(count)) AS i;
            INSERT INTO job.tenant (tenant_id) SELECT id FROM platform.tenant;
            """)
        return QueueTables(
            superuser: superuser, folder: folder,
            tenants: try await Connection.with(configuration) { connection in
                try await connection.run(
                    Statement<[UUID]>(
                        "bench.tenants",
                        "SELECT md5(i::text)::uuid FROM generate_series(1, \(count)) AS i ORDER BY i",
                        all: { try $0.next() }))
            })
    }

    /// Fills the queue with ready jobs, the same number for each tenant. Their ids grow as those of enqueued jobs do
    /// (UUIDv7), so that what is due first stands together.
    func fill(_ jobs: Int) async throws {
        try await insert(jobs)
        try await settle()
    }

    /// The same, with no statistics made and nothing cleaned up.
    func insert(_ jobs: Int) async throws {
        try await script(
            """
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters)
            SELECT t.tenant_id, (lpad(to_hex(i), 16, '0') || right(md5(random()::text), 16))::uuid, 'default', 'bench.none',
                'ready',
                jsonb_build_object('survey', i % 7, 'customer', 'c' || i)
            FROM generate_series(1, \(jobs / tenants.count)) AS i CROSS JOIN (SELECT id AS tenant_id FROM platform.tenant) t
            """)
    }

    /// A million finished jobs, and a million whose time has not come, a tenth of them of a better priority.
    func deepen(_ jobs: Int = 1_000_000) async throws {
        try await script(
            """
            INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, errors, created_at, run_at)
            SELECT t.tenant_id, gen_random_uuid(), 'default', 'bench.none', 1, 'completed', 1, 0, 1, '[]', now(), now()
            FROM generate_series(1, \(jobs / tenants.count)) AS i CROSS JOIN (SELECT id AS tenant_id FROM platform.tenant) t;
            INSERT INTO job.job (tenant_id, id, queue, kind, state, priority, run_at, parameters)
            SELECT t.tenant_id, gen_random_uuid(), 'default', 'bench.none', 'scheduled', CASE WHEN i % 10 = 0 THEN -1 ELSE 0 END,
                now() + interval '1 day' + i * interval '1 second', '{}'
            FROM generate_series(1, \(jobs / tenants.count)) AS i CROSS JOIN (SELECT id AS tenant_id FROM platform.tenant) t;
            """)
        try await settle()
    }

    /// Takes away all jobs that are not for later, and every limit.
    func empty() async throws {
        try await script("DELETE FROM job.job WHERE state <> 'scheduled'; DELETE FROM job.tenant_queue")
        try await settle()
    }

    /// Gives the last tenant jobs, and no tokens for them.
    func addTokenless(_ jobs: Int) async throws {
        try await script(
            """
            INSERT INTO job.tenant_queue (tenant_id, queue, rate, burst, tokens)
                VALUES (md5('\(tenants.count)')::uuid, 'default', 0.0001, 1, 0)
                ON CONFLICT (tenant_id, queue) DO UPDATE SET tokens = 0, rate = 0.0001, refilled_at = now();
            INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters)
            SELECT md5('\(tenants.count)')::uuid, gen_random_uuid(), 'default', 'bench.none', 'ready', '{}'
            FROM generate_series(1, \(jobs))
            """)
        try await settle()
    }

    /// Runs the body while a transaction is open that sees the queue as it is now.
    func whileHeld<Result>(_ body: () async throws -> Result) async throws -> Result {
        var patient = configuration
        patient.transactionTimeout = .seconds(3600)
        let pool = Pool(patient)
        defer { pool.close() }
        return try await pool.withTransaction(TransactionOptions(isolation: .repeatableRead)) { transaction in
            _ = try await transaction.run(
                Statement<Int>("bench.hold", "SELECT count(*) FROM job.tenant", one: { try $0.next() }))
            return try await body()
        }
    }

    /// Jobs a second that one pgqueuer worker drains, in each run; none where it is not installed.
    func pgqueuer(_ jobs: Int, runs: Int) async throws -> [Double] {
        let environment = ProcessInfo.processInfo.environment
        let python = environment["MEHVAR_BENCH_PYTHON"] ?? "python3"
        let root = environment["MEHVAR_ROOT"] ?? FileManager.default.currentDirectoryPath
        let version: String
        do {
            let program = "import asyncpg, pgqueuer, importlib.metadata as m; print(m.version('pgqueuer'))"
            version = try await Tool.run(python, ["-c", program])
        } catch {
            QueueCases.note("pgqueuer is not installed for \(python)")
            return []
        }
        QueueCases.note("peer: pgqueuer \(version.trimmingCharacters(in: .whitespacesAndNewlines))")
        let url = superuser.replacingOccurrences(of: "///mehvar?", with: "///bench_pgqueuer?")
        var rates: [Double] = []
        for _ in 0..<runs {
            try await script("CREATE DATABASE bench_pgqueuer")
            let output = try await Tool.run(python, ["\(root)/deploy/lib/pgqueuer_drain.py", url, String(jobs)])
            try await script("DROP DATABASE bench_pgqueuer")
            guard let rate = Double(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw Tool.Failure(description: "pgqueuer printed no rate: \(output)")
            }
            rates.append(rate)
        }
        return rates
    }

    func count(_ sql: SQL) async throws -> Int {
        try await Connection.with(configuration) { connection in
            try await connection.run(Statement<Int>("bench.count", sql, one: { try $0.next() }))
        }
    }

    /// More than any machine claims and finishes in a second, so that the floor does not run out of jobs.
    static let mostPerSecond = 200_000

    /// Claims and finishes in a second, with four clients; the queue must hold ``mostPerSecond`` for each second.
    func cycleFloor(seconds: Int) async throws -> Double {
        let before = try await count("SELECT count(*) FROM job.done")
        let began = ContinuousClock.now
        _ = try await pgbench(cycle, user: "mehvar_queue", clients: 4, "-T", String(seconds))
        let elapsed = (ContinuousClock.now - began) / .seconds(1)
        let finished = try await count("SELECT count(*) FROM job.done") - before
        let left = try await count(
            """
            SELECT coalesce(min(jobs), 0) FROM (
                SELECT (SELECT count(*) FROM job.job j WHERE j.tenant_id = t.id AND j.state = 'ready') AS jobs
                FROM platform.tenant t) AS left_over
            """)
        guard left > 0 else { throw Tool.Failure(description: "the floor ran out of jobs") }
        return Double(finished) / elapsed
    }

    func bulkFloor(seconds: Int) async throws -> Double {
        5000 * (try await pgbench(bulk, user: nil, clients: 1, "-T", String(seconds)))
    }

    func oneFloor(seconds: Int) async throws -> Double {
        try await pgbench(one, user: "mehvar_app", clients: 4, "-T", String(seconds))
    }

    private func pgbench(_ text: String, user: String?, clients: Int, _ more: String...) async throws -> Double {
        let file = folder.appending(path: "\(UUID().uuidString).sql")
        try Data(text.utf8).write(to: file)
        let url = user.map { superuser.replacingOccurrences(of: "user=postgres", with: "user=\($0)") } ?? superuser
        let output = try await Tool.run(
            "pgbench",
            ["-n", "-M", "prepared", "-c", String(clients), "-j", String(min(2, clients)), "-f", file.path] + more + [
                url
            ])
        return try Tool.number(in: output, after: "tps =")
    }

    private func script(_ text: String) async throws { try await Self.script(configuration, text) }

    private static func script(_ configuration: Postgres.Configuration, _ text: String) async throws {
        try await Connection.with(configuration) { try await $0.execute(script: text, name: "bench.script") }
    }

    private func settle() async throws {
        for text in ["VACUUM ANALYZE job.job", "CHECKPOINT"] { try await script(text) }
    }

    private var configuration: Postgres.Configuration {
        Configuration(url: superuser, applicationName: "mehvar-bench")
    }
}
