/// What happened with a customer, over all departments.
public struct TimelineService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Newest first. A caller sees the kinds of entries that it may read elsewhere.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func timeline(
        _ context: TenantContext, of customer: Customer.ID, _ filter: TimelineFilter,
        _ page: PageRequest<TimelineEntry>
    ) async throws -> Page<TimelineEntry> {
        try context.require(.customersRead)
        let tenant = context.tenantID
        let (found, entries) = try await database.pipeline(
            context, CustomerStatements.isThere(tenant, customer),
            TimelineStatements.list(tenant, of: customer, filter.within(context.scopes), page))
        if !found { throw ServiceError.notFound(Customer.kind) }
        return page.page(of: entries)
    }

    /// The whole picture of a customer, in one round trip.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func overview(_ context: TenantContext, of id: Customer.ID) async throws -> CustomerOverview {
        try context.require(.customersRead)
        let (tenant, scopes) = (context.tenantID, context.scopes)
        let (customer, permissions, purchases, segments, answers, openMatters, timeline) = try await database.pipeline(
            context, CustomerStatements.find(tenant, id), OverviewStatements.permissions(tenant, id),
            OverviewStatements.purchases(tenant, id), OverviewStatements.segments(tenant, id),
            OverviewStatements.answers(tenant, id), OverviewStatements.openMatters(tenant, id),
            TimelineStatements.list(
                tenant, of: id, TimelineFilter().within(scopes),
                try PageRequest(limit: CustomerOverview.timelineLength)))
        return CustomerOverview(
            customer: try customer.orNotFound(Customer.kind), permissions: permissions,
            purchases: scopes.contains(.ordersRead) ? purchases : [],
            segments: scopes.contains(.segmentsRead) ? segments : [],
            answers: scopes.contains(.responsesRead) ? answers : [],
            openMatters: scopes.contains(.interactionsRead) ? openMatters : [],
            timeline: Array(timeline.prefix(CustomerOverview.timelineLength)))
    }
}

extension TimelineFilter {
    /// The same without what the caller may not read.
    fileprivate func within(_ scopes: Set<Scope>) -> TimelineFilter {
        var filter = self
        filter.kinds = (kinds ?? TimelineEntry.Kind.allCases).filter { kind in
            switch kind {
            case .order, .orderReturn: scopes.contains(.ordersRead)
            case .invitation: scopes.contains(.campaignsRead)
            case .survey: scopes.contains(.responsesRead)
            case .stageChange, .consent: true
            case .call, .mail, .meeting, .chat, .ticket, .note: scopes.contains(.interactionsRead)
            }
        }
        return filter
    }
}
