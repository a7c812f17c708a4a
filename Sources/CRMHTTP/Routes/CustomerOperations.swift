import CRM
import HTTPTypes

struct CustomerOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Customers", "The people and organisations that the business serves or may come to serve.")

    let customers: CustomerService
    let consents: ConsentService
    let timeline: TimelineService

    var operations: [Operation] { ofCustomers + ofTimelines + ofConsents }

    private var ofCustomers: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/v1/customers", "create_customer", "Add a customer", tag, .customersWrite,
                    problems: [.referenceTaken]), from: NewRecord<CustomerValues>.self,
                { try await customers.create($0, id: $1, $2.values) }, replay: customers.find),
            .list(
                .at("/v1/customers", "list_customers", "List customers", tag, .customersRead), by: CustomerFilter.self
            ) { call, filter, page in
                try await call.filtering { try await customers.list(call.caller, filter, page) }
            },
            Operation(
                .get,
                .at(
                    "/v1/customers/search", "search_customers", "Search customers by whatever is known", tag,
                    .customersRead),
                parameters: QueryReader.parameters { _ = SearchQuery(&$0) }, success: .page(of: CustomerMatch.self),
                problems: [.invalid]
            ) { (call: Call<TenantContext>) in
                let query = try call.query { SearchQuery(&$0) }
                let found = try await customers.search(call.caller, query.text, limit: query.limit)
                return Reply.page(Page(items: found))
            },
            .find(
                .at("/v1/customers/{id}", "find_customer", "Show a customer", tag, .customersRead), customers.find),
            .change(
                .at(
                    "/v1/customers/{id}", "change_customer", "Change a customer", tag, .customersWrite,
                    problems: [.referenceTaken, .inUse]),
                by: RecordChanges<CustomerValues>.self
            ) { context, id, version, changes in
                try await customers.update(context, id, ifVersion: version) { try changes.apply(to: $0) }
            },
            .remove(
                .at(
                    "/v1/customers/{id}", "delete_customer", "Delete a customer, who can be restored", tag,
                    .customersWrite, problems: [.inUse]),
                customers.delete),
            .act(
                .at(
                    "/v1/customers/{id}/restore", "restore_customer", "Take the deletion of a customer back", tag,
                    .customersWrite, problems: [.referenceTaken]),
                customers.restore, replay: customers.find),
            .list(
                .at(
                    "/v1/stage-changes", "list_stage_changes", "List how relationships went from stage to stage", tag,
                    .customersRead), by: StageChangeFilter.self
            ) {
                try await customers.stageChanges($0.caller, $1, $2)
            },
        ]
    }

    private var ofTimelines: [Operation] {
        let tag = Self.tag
        return [
            .show(
                .at(
                    "/v1/customers/{id}/overview", "show_customer_overview",
                    "Show a customer with consents, purchases, segments, answers, open matters and what happened last",
                    tag,
                    .customersRead), of: Customer.self
            ) { try await timeline.overview($0, of: $1) },
            .list(
                .at(
                    "/v1/customers/{id}/timeline", "list_customer_timeline",
                    "List what happened with a customer, over all departments", tag, .customersRead),
                of: Customer.self, by: TimelineFilter.self
            ) { try await timeline.timeline($0.caller, of: $0.identifier(), $1, $2) },
        ]
    }

    private var ofConsents: [Operation] {
        let tag = Operation.Tag("Consents", "What customers said about being written to and called, with its proof.")
        return [
            .create(
                .at("/v1/consents", "record_consent", "Record a customer's word", tag, .customersWrite),
                from: NewConsent.self,
                { try await consents.record($0, id: $1, $2) }, replay: consents.find),
            .list(.at("/v1/consents", "list_consents", "List consents", tag, .customersRead), by: ConsentFilter.self) {
                try await consents.list($0.caller, $1, $2)
            },
            .find(.at("/v1/consents/{id}", "find_consent", "Show a consent", tag, .customersRead), consents.find),
        ]
    }
}

/// What is searched for.
private struct SearchQuery {
    let text: String
    let limit: Int

    init(_ query: inout QueryReader) {
        text =
            query.requiredText(
                "q", CustomerSearch.textRule,
                "A name or its beginning, in any script and with a slip of the pen, an e-mail address or its beginning from the @ on, a telephone number or its end, or a reference."
            )
        limit =
            query.integer("limit", in: CustomerSearch.limits, "How many at most; 20 by default.")
            ?? CustomerSearch.usualLimit
    }
}

extension CustomerFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        stages = query.filterChoices("stage", "Only customers of this stage.")
        kinds = query.filterChoices("kind", "Only customers of this kind.")
        languages = query.filterTexts("language", .language, "Only customers that are written to in this language.")
        references = query.filterTexts("reference", CustomerRules.reference, "Only the customer with this reference.")
        sources = query.filterTexts("source", CustomerRules.source, "Only customers that came from there.")
        owner = query.filterIdentifier("owner_id", "Only customers that this member looks after.")
        organisation = query.filterIdentifier("organisation_id", "Only people of this organisation.")
        market = query.filterIdentifier("market_id", "Only customers of this market and those below it.")
        segment = query.filterIdentifier(
            "segment_id", "Only customers who are in this segment now; needs segments:read as well.")
        tags = query.filterText("tag", CustomerRules.tag, "Only customers with this tag.").map { [$0] }
        isDeleted =
            query.filterFlag("is_deleted", "Customers that were deleted instead of those that are there.") ?? false
        attributes = query.filterAttributes()
        if let text = query.filterText(
            "references", Self.externalReferenceRule,
            "Only the customer with this number in another system: shop:10077.")
        {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2 { externalReference = (parts[0], parts[1]) }
        }
    }

    private static let externalReferenceRule = TextRule.matching(
        "[a-z][a-z0-9_-]{0,49}:.{1,100}", "invalid", "A system and a number in it, such as shop:10077."
    ) { $0.wholeMatch(of: /[a-z][a-z0-9_-]{0,49}:.{1,100}/) != nil }
}

extension StageChangeFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        customer = query.filterIdentifier("customer_id", "Only those of this customer.")
        to = query.filterChoices("to", "Only those to this stage.")
    }
}

extension TimelineFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        kinds = query.filterChoices("kind", "Only entries of this kind.")
        department = query.filterIdentifier("department_id", "Only those with this department.")
        member = query.filterIdentifier("member_id", "Only those with this member.")
        touchpoint = query.filterIdentifier("touchpoint_id", "Only those at this touchpoint.")
        from = query.filterTime("happened_at", "gte", "Only those from this time on.")
        until = query.filterTime("happened_at", "lt", "Only those before this time.")
    }
}

extension ConsentFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        customer = query.filterIdentifier("customer_id", "Only those of this customer.")
        channels = query.filterChoices("channel", "Only those about this channel.")
        isCurrent = query.filterFlag("is_current", "Only the latest of each customer and channel.") ?? false
    }
}
