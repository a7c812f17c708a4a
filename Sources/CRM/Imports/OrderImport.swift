import Foundation
import Postgres

/// How orders of a file come into the tenant's tables.
struct OrderImport: ImportWriting {
    typealias Record = OrderRecord

    static let kind = FileImport.Kind.orders
    static let copyName: StaticString = "import.copy_orders"
    static let copy: StaticString = """
        COPY pg_temp.import_order (row_number, id, customer_reference, reference, ordered_on, amount, quantity, currency)
        FROM STDIN (FORMAT binary)
        """

    let context: TenantContext
    let id: FileImport.ID
    let terms: OrderImportTerms

    var makeTables: [Statement<Void>] {
        [OrderStagingStatements.createStaging, OrderStagingStatements.index, StagingStatements.createFaults]
    }
    var emptyTables: [Statement<Void>] { [OrderStagingStatements.empty, StagingStatements.emptyFaults] }

    var checks: [Statement<Void>] {
        typealias Staging = OrderStagingStatements
        let tenant = context.tenantID
        return [
            Staging.resolve(tenant), Staging.lockCustomers(tenant),
            Staging.duplicates, Staging.repeated(tenant, id), Staging.unknownCustomers, Staging.settledOrders(tenant),
            Staging.removeFaulty,
        ]
    }

    func links(of batch: ImportBatch<Record>) -> [ObjectLink] { [] }

    var writes: ImportWrites {
        typealias Writes = OrderWriteStatements
        let tenant = context.tenantID
        return ImportWrites(
            create: Writes.insert(tenant, id, currency: terms.currency),
            afterCreating: [Writes.promoteCustomers(id, by: context)], update: Writes.update(tenant), afterUpdating: [],
            countLost: Writes.countLost(tenant), customers: Writes.customers(tenant))
    }
}
