import CRM

struct CustomerOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Customers", "The people and organisations that the business serves or may come to serve.")

    let customers: CustomerService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/v1/customers", "create_customer", "Add a customer", tag, .customersWrite,
                    problems: [.referenceTaken]), from: NewCustomer.self,
                { try await customers.create($0, id: $1, $2) }, replay: customers.find),
            .list(
                .at("/v1/customers", "list_customers", "List customers", tag, .customersRead), by: CustomerFilter.self
            ) {
                try await customers.list($0.caller, $1, $2)
            },
            .find(
                .at("/v1/customers/{id}", "find_customer", "Show a customer", tag, .customersRead), customers.find),
            .change(
                .at(
                    "/v1/customers/{id}", "change_customer", "Change a customer", tag, .customersWrite,
                    problems: [.referenceTaken]),
                by: CustomerChanges.self
            ) { try await customers.update($0, $1, ifVersion: $2, $3) },
        ]
    }
}

extension CustomerFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        stages = query.filterChoices("stage", "Only customers of this stage.")
        kinds = query.filterChoices("kind", "Only customers of this kind.")
        languages = query.filterTexts("language", .language, "Only customers that are written to in this language.")
        references = query.filterTexts("reference", CustomerRules.reference, "Only the customer with this reference.")
    }
}
