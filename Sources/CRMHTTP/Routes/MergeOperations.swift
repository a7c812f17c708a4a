import CRM
import HTTPTypes

struct MergeOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Merges", "Customers who turned out to be one: made one, and within 30 days made two again.")

    let merges: MergeService
    let customers: CustomerService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .act(
                .at(
                    "/v1/customers/{id}/merge", "merge_customers", "Make others one with a customer", tag,
                    .customersWrite),
                with: MergedCustomers.self, { try await merges.merge($0, $2.customers, into: $1) },
                replay: customers.find),
            .list(
                .at("/v1/merges", "list_merges", "List merges", tag, .customersRead), by: MergeFilter.self
            ) { try await merges.list($0.caller, $1, $2) },
            .find(.at("/v1/merges/{id}", "find_merge", "Show a merge", tag, .customersRead), merges.find),
            .act(
                .at(
                    "/v1/merges/{id}/undo", "undo_merge", "Make a merged customer one of its own again", tag,
                    .customersWrite, problems: [.notUndoable, .referenceTaken]), merges.undo, replay: merges.find),
        ]
    }
}

extension MergeFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        customer = query.filterIdentifier("customer_id", "Only those of this customer, whichever of the two it is.")
        isUndone = query.filterFlag("is_undone", "Only those that were undone, or only those that were not.")
        run = query.filterIdentifier("run_id", "Only those of this merge of many pairs.")
    }
}
