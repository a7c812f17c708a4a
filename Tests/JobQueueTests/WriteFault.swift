import Postgres
import TestSupport

/// Makes the database refuse rows of jobs that have ended, and counts what it was given: also in transactions that were
/// rolled back.
struct WriteFault {
    private let queue: QueueFixture
    private let code: String

    /// - Parameters:
    ///   - tables: `job.done`, `job.dead` or both.
    ///   - rows: the condition on `NEW` for the rows that are meant.
    ///   - code: the SQLSTATE of the refusal.
    ///   - most: how many rows are refused before they are taken.
    init(
        _ queue: QueueFixture, tables: [String] = ["job.done"], rows: String = "true", code: String, most: Int = .max
    ) async throws {
        self.queue = queue
        self.code = code
        let triggers = tables.map { table in
            """
            CREATE TRIGGER refuse BEFORE INSERT ON \(table) FOR EACH ROW WHEN (\(rows))
                EXECUTE FUNCTION public.refuse();
            """
        }
        try await queue.database.execute(
            """
            CREATE SEQUENCE public.refusal;
            CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                IF nextval('public.refusal') <= \(most) THEN
                    RAISE EXCEPTION 'refused' USING ERRCODE = '\(code)';
                END IF;
                RETURN NEW;
            END $$;
            \(triggers.joined(separator: "\n"))
            """)
    }

    /// Rows of those that are meant which the database was given, whether it took them or not.
    var count: Int {
        get async throws {
            try await queue.superuser("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.refusal")
        }
    }

    /// Takes the rows from now on, but for those of one table if so told. (The trigger stays: dropping it would need a lock
    /// that its writers hold.)
    func lift(butOf table: String = "") async throws {
        try await queue.database.execute(
            """
            CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_TABLE_NAME = '\(table)' THEN RAISE EXCEPTION 'refused' USING ERRCODE = '\(code)'; END IF;
                RETURN NEW;
            END $$
            """)
    }
}
