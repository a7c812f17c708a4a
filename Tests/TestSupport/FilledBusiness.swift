public import CRM
import Foundation
import JobQueue
import Postgres
import Testing

/// The ids of a tenant that has at least one row in every table of schema `crm`.
public struct FilledBusiness: Sendable {
    public let business: Business
    public let key: APIKey
    /// The key itself, for requests.
    public let secret: String
    /// Can be revoked: nothing is done with it.
    public let spareKey: APIKey
    public let member: Member
    /// A session of ``member``.
    public let tokens: SessionTokens
    /// Belongs to ``organisation`` and ``market``, and ``member`` looks after it.
    public let customer: Customer
    public let organisation: Customer
    /// Of somebody else into ``customer``.
    public let merge: Merge
    /// Waits for its file to be read.
    public let waitingImport: FileImport
    /// Of ``customer`` and another one.
    public let duplicate: Duplicate
    /// A scan that waits.
    public let duplicateRun: DuplicateRun
    /// One that has ended, and the merge of which is ``merge``.
    public let mergingRun: DuplicateRun
    public let consent: Consent
    /// Can be restored.
    public let deleted: Customer
    public let market: Market
    public let department: Department
    public let journeyStage: JourneyStage
    public let touchpoint: Touchpoint
    public let product: Product
    public let customerAttribute: CustomerAttribute
    /// Of ``customer``; something came back of it.
    public let order: Order
    /// Of ``customer``, and still open.
    public let interaction: Interaction
    public let ruleSegment: Segment
    public let manualSegment: Segment
    public let plan: Plan
    public let survey: Survey
    /// Was sent, and answered by ``customer``.
    public let campaign: Campaign
    /// Can still be launched.
    public let draft: Campaign
    /// The token of the answered invitation, and one of an invitation that nobody answered.
    public let answered: SecretToken
    public let unanswered: SecretToken

    /// Does everything once that a business does, through the services.
    public init(in server: TestDatabase, slug: String) async throws {
        let business = try await Business(in: server, slug: slug)
        self.business = business
        let context = business.context
        (key, secret) = try await APIKeyService(database: business.database).create(
            context, name: "key", scopes: Set(Scope.allCases))
        spareKey = try await APIKeyService(database: business.database).create(
            context, name: "spare", scopes: [.customersRead]
        ).key
        var company = CustomerValues(name: "Ada & Sons")
        company.kind = .organisation
        organisation = try await business.customers.create(context, company)
        deleted = try await business.customer("Gone")
        try await business.customers.delete(context, deleted.id)
        let ada = try await business.customer("Ada", reference: "0001")
        let other = try await business.customer("Bob", reference: "0002", stage: .actual)
        let leaver = try await business.customer("Cid", reference: "0003")
        let double = try await business.customer("Ada L")
        let merges = MergeService(database: business.database)
        _ = try await merges.merge(context, [double.id], into: ada.id)
        merge = try await merges.list(context, MergeFilter(), PageRequest()).items[0]
        market = try await business.record(MarketValues(name: "Tehran"))
        department = try await business.record(DepartmentValues(name: "Service"))
        journeyStage = try await business.record(JourneyStageValues(name: "Delivery", position: 1))
        touchpoint = try await business.record(
            TouchpointValues(name: "At the door", stageID: journeyStage.id.rawValue, position: 1))
        product = try await business.record(ProductValues(code: "P1", name: "Pen"))
        for parent in [market, try await business.market(below: market)] {
            _ = try await business.market(below: parent)
        }
        _ = try await business.record(DepartmentValues(name: "Repairs", parentID: department.id.rawValue))
        _ = try await business.record(ProductValues(code: "P0", name: "Quill", successorID: product.id.rawValue))
        waitingImport = try await Self.importFiles(business)
        ruleSegment = try await business.segments.create(
            context,
            SegmentValues(
                name: "Buyers", kind: .rule,
                rule: .object(["field": .string("orders.count"), "op": .string("gte"), "value": .number(1)])))
        try await business.refresh()
        manualSegment = try await business.segment("Everybody", of: [ada, other, leaver, organisation])
        try await business.memberships.remove(context, organisation.id, from: manualSegment.id)
        plan = try await business.plans.create(
            context, NewPlan(name: "Plan", segmentID: manualSegment.id, content: .sample))
        survey = try await business.survey()
        let planned = try await business.campaign("Sent", survey, to: manualSegment)
        _ = try await business.planned(planned)
        let (reports, letters) = try await withOutbox { outbox in
            (try await business.send(outbox.transport()), try outbox.letters())
        }
        func token(_ name: String) throws -> SecretToken {
            guard let letter = letters.first(where: { $0.recipient == "\(name)@mail.example" }),
                let token = SecretToken(letter.token)
            else { throw NoLetter(to: name, reports: "\(reports)", letters: letters.map(\.recipient)) }
            return token
        }
        (answered, unanswered) = (try token("ada"), try token("bob"))
        _ = try await business.respondents.submit(answered, ["score": "9", "comment": "Good"], requestID: nil)
        _ = try await business.respondents.unsubscribe(try token("cid"), requestID: nil)
        let tehran = TimeZone(identifier: "Asia/Tehran") ?? .gmt
        try await business.scores.recompute(context, LocalDay.day(of: Date(), in: tehran))
        campaign = try await business.campaigns.find(context, planned.id)
        draft = try await business.campaign("Draft", survey, to: manualSegment)
        (member, tokens) = try await business.signedIn(as: [.owner])
        customer = try await business.settled(ada, at: organisation, in: market, ownedBy: member)
        var call = InteractionValues(customerID: ada.id, type: .call)
        (call.isOpen, call.departmentID, call.touchpointID) = (true, department.id, touchpoint.id)
        call.memberID = member.id
        interaction = try await business.record(call)
        customerAttribute = try await business.record(CustomerAttributeValues(name: "note", type: .text))
        var sold = OrderValues(customerID: ada.id, orderedOn: LocalDate(daysSince2000: 9000))
        sold.reference = "O1"
        sold.memberID = member.id
        (sold.departmentID, sold.touchpointID, sold.channel) = (department.id, touchpoint.id, .web)
        sold.lines = [.init(productID: product.id, quantity: 2, unitPrice: 3)]
        let orders = OrderService(database: business.database)
        let made = try await orders.create(context, sold)
        order = try await orders.addReturn(
            context, made.id,
            NewOrderReturn(returnedOn: sold.orderedOn, items: [.init(line: 1, quantity: 1)]))
        consent = try await ConsentService(database: business.database).record(
            context, NewConsent(customerID: ada.id, channel: .email, isGranted: true, proof: "form"))
        (duplicate, duplicateRun, mergingRun) = try await Self.duplicates(business, ada, other, merge)
        await #expect(throws: ServiceError.unauthenticated(.wrong)) {
            try await business.signIn(email: "nobody@team.example", password: "wrong")
        }
        try await server.run(
            """
            INSERT INTO crm.idempotent_request (tenant_id, actor_id, operation, key, digest, object_id)
            VALUES (\(business.tenantID), \(key.id), 'create_customer', 'k', '', \(customer.id))
            """)
    }

    /// As jobs would make them.
    private static func duplicates(
        _ business: Business, _ one: Customer, _ other: Customer, _ merge: Merge
    ) async throws -> (Duplicate, DuplicateRun, DuplicateRun) {
        let (pair, run, merging) = (Duplicate.ID.make(), DuplicateRun.ID.make(), DuplicateRun.ID.make())
        try await business.server.run(
            """
            INSERT INTO crm.duplicate (tenant_id, id, first_id, second_id, score, reasons)
            VALUES (\(business.tenantID), \(pair), least(\(one.id), \(other.id)), greatest(\(one.id), \(other.id)), 60, '{email}')
            """)
        try await business.server.run(
            """
            INSERT INTO crm.duplicate_run (tenant_id, id, kind, total, actor_kind) VALUES (\(business.tenantID), \(run), 'scan', 2, 'cli')
            """)
        try await business.server.run(
            """
            INSERT INTO crm.duplicate_run (tenant_id, id, kind, minimum_score, total, looked_at, merged, actor_kind, started_at, finished_at)
            VALUES (\(business.tenantID), \(merging), 'bulk_merge', 90, 1, 1, 1, 'cli', now(), now())
            """)
        try await business.server.run(
            "UPDATE crm.merge SET run_id = \(merging) WHERE tenant_id = \(business.tenantID) AND id = \(merge.id)")
        let duplicates = DuplicateService(database: business.database)
        return (
            try await duplicates.find(business.context, pair), try await duplicates.findRun(business.context, run),
            try await duplicates.findRun(business.context, merging)
        )
    }

    struct NoLetter: Error {
        let to: String
        let reports: String
        let letters: [String]
    }

    private static func importFiles(_ business: Business) async throws -> FileImport {
        let file = "customer_ref,ordered_on,amount,order_ref\n0001,2026-01-05,12.50,A1\nnobody,2026-01-05,1,A2\n"
        _ = try await importFile(business.database, business.context, .orders, Array(file.utf8))
        let waiting = FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).csv")
        try Data("reference,name\nwaiting,Nobody\n".utf8).write(to: waiting)
        defer { try? FileManager.default.removeItem(at: waiting) }
        return try await ImportService(database: business.database).create(
            business.context, .customers, ImportOptions(), from: waiting, isQueued: false)
    }
}

extension PlanContent {
    /// All seven elements, an objective, a budget and an activity.
    public static var sample: PlanContent {
        func element(_ text: String) -> MarketingMix.Element { .init(description: text, actions: ["do \(text)"]) }
        return PlanContent(
            elements: MarketingMix(
                product: element("product"), price: element("price"), place: element("place"),
                promotion: element("promotion"), people: element("people"), process: element("process"),
                physicalEvidence: element("evidence")),
            objectives: ["More"], budget: Money(amount: 1_000_000, currency: "IRR"),
            activities: [PlanActivity(title: "Call", department: "marketing")])
    }
}
