import Postgres

/// How the rows of one kind of file come into the tenant's tables: from a staging table, as many as were read at once.
protocol ImportWriting: Sendable {
    associatedtype Record: ImportRecord

    static var kind: FileImport.Kind { get }
    /// On whose behalf.
    var context: TenantContext { get }
    var id: FileImport.ID { get }
    static var copyName: StaticString { get }
    /// Fills the staging table.
    static var copy: StaticString { get }

    /// Makes the tables that a transaction has for its rows, and empties them where a transaction writes several times.
    var makeTables: [Statement<Void>] { get }
    var emptyTables: [Statement<Void>] { get }

    /// Finds what rows are about, locks it, and notes the rows that cannot be imported in `import_fault`; then takes these away.
    var checks: [Statement<Void>] { get }
    /// What is to be there when rows are written.
    func links(of batch: ImportBatch<Record>) -> [ObjectLink]
    var writes: ImportWrites { get }
}

/// What writes the rows that are left.
struct ImportWrites {
    /// Its output is how many rows made something new.
    let create: Statement<Int>
    let afterCreating: [Statement<Int>]
    /// Its output is how many rows changed something.
    let update: Statement<Int>
    let afterUpdating: [Statement<Int>]
    /// Finds how many rows did not arrive, because somebody else was in the way.
    let countLost: Statement<Int>
    /// The customers that something was written of.
    let customers: Statement<[Customer.ID]>

    var all: [Statement<Int>] { [create] + afterCreating + [update] + afterUpdating + [countLost] }

    /// What the outputs of all say.
    func counts(_ outputs: [Int]) -> (created: Int, updated: Int, lost: Int) {
        (outputs[0], outputs[1 + afterCreating.count], outputs.last ?? 0)
    }
}

/// A row that cannot be imported, found in the database.
struct StagedFault {
    let row: Int
    let column: String
    let code: String
    let detail: String
}

enum StagingStatements {
    static let createFaults = Statement<Void>(
        effect: "import.create_faults",
        """
        CREATE TEMPORARY TABLE import_fault (
            row_number integer NOT NULL, column_name text NOT NULL, code text NOT NULL, detail text NOT NULL,
            UNIQUE (row_number, column_name, code)
        ) ON COMMIT DROP
        """)

    static let emptyFaults = Statement<Void>(effect: "import.empty_faults", "TRUNCATE pg_temp.import_fault")

    static let faults = Statement<[StagedFault]>(
        "import.faults",
        "SELECT row_number, column_name, code, detail FROM pg_temp.import_fault ORDER BY row_number, column_name, code",
        all: { StagedFault(row: try $0.next(), column: try $0.next(), code: try $0.next(), detail: try $0.next()) })

    /// Notes rows that cannot be imported.
    ///
    /// - Parameter rows: gives their numbers, columns, codes and details.
    static func noting(_ rows: SQL) -> SQL {
        """
        INSERT INTO pg_temp.import_fault (row_number, column_name, code, detail)
        \(rows)
        ON CONFLICT DO NOTHING
        """
    }
}
