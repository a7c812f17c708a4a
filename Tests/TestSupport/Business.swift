public import CRM
public import Foundation
import JobQueue
package import Mail
import Postgres

/// A tenant and the services that its clients use: what tests of surveys begin with.
public struct Business: Sendable {
    public static let publicURL = "http://survey.example"

    public let server: TestDatabase
    public let context: TenantContext
    public let database: Database

    public init(_ server: TestDatabase, _ tenant: TestTenant) {
        self.server = server
        context = tenant.context
        database = tenant.database
    }

    /// A new tenant in a database.
    public init(in server: TestDatabase, slug: String = "first") async throws {
        self.init(server, try await makeTenant(in: server, slug: slug))
    }

    /// Lends a tenant in a database of its own.
    @discardableResult
    public static func with<Result>(_ body: (Business) async throws -> Result) async throws -> Result {
        try await withMigratedDatabase { server in try await body(Business(in: server)) }
    }

    public var tenantID: UUID { context.tenantID.rawValue }
    public var customers: CustomerService { CustomerService(database: database) }
    public var segments: SegmentService { SegmentService(database: database) }
    public var memberships: SegmentMembers { SegmentMembers(database: database) }
    public var plans: PlanService { PlanService(database: database) }
    public var surveys: SurveyService { SurveyService(database: database) }
    public var campaigns: CampaignService { CampaignService(database: database) }
    public var respondents: RespondentService { RespondentService(database: database) }
    public var responses: ResponseService { ResponseService(database: database) }
    public var scores: ScoreService { ScoreService(database: database) }

    // MARK: What there is to invite

    /// A customer with an address of its own, or with none.
    @discardableResult
    public func customer(
        _ name: String, email: String? = nil, hasEmail: Bool = true, language: String = "fa", reference: String? = nil,
        stage: Customer.Stage = .potential
    ) async throws -> Customer {
        var new = CustomerValues(name: name)
        new.language = language
        new.reference = reference
        new.stage = stage
        if hasEmail {
            let address = email ?? "\(name.lowercased().replacing(" ", with: "."))@mail.example"
            new.contactPoints = [ContactPoint(channel: .email, address: address, isPrimary: true)]
        }
        return try await customers.create(context, new)
    }

    /// A customer of whom everything is known.
    public func settled(
        _ customer: Customer, at organisation: Customer, in market: Market, ownedBy owner: Member
    ) async throws -> Customer {
        try await customers.update(context, customer.id, ifVersion: nil) { values in
            var values = values
            values.stage = values.stage == .actual ? .potential : .actual
            values.organisationID = organisation.id
            values.ownerID = owner.id
            values.marketIDs = [market.id]
            values.tags = ["poetry"]
            values.references = ["shop": "1"]
            values.source = "fair"
            return values
        }
    }

    /// So many customers with addresses, in order of their ids.
    public func customers(_ count: Int, language: String = "fa", named prefix: String = "Customer") async throws
        -> [Customer]
    {
        var made: [Customer] = []
        for number in 0..<count { made.append(try await customer("\(prefix) \(number)", language: language)) }
        return made
    }

    /// A sub-market.
    public func market(below parent: Market) async throws -> Market {
        try await record(MarketValues(name: "Market \(UUID().uuidString)", parentID: parent.id.rawValue))
    }

    public func record<Values: RecordValues>(_ values: Values) async throws -> Record<Values> {
        try await RecordService(database: database).create(context, values)
    }

    /// A manual segment of the customers.
    public func segment(_ name: String = "All", of customers: [Customer]) async throws -> Segment {
        let segment = try await segments.create(context, SegmentValues(name: name, kind: .manual))
        return customers.isEmpty ? segment : try await memberships.add(context, customers.map(\.id), to: segment.id)
    }

    /// Has everything found out that workers would find out of customers by now.
    public func refresh() async throws { try await SegmentEvaluator(database: database).refresh(context) }

    /// A published survey with one question of the metric's kind, `score`, and a comment.
    public func survey(
        _ name: String = "Survey", metric: Metric = .nps, kind: SurveyQuestion.Kind = .nps, isPublished: Bool = true
    ) async throws -> Survey {
        let content = SurveyContent(
            defaultLanguage: "en", title: LocalizedText(["fa": "نظرسنجی", "en": "Survey"]),
            questions: [
                SurveyQuestion(
                    id: "score", kind: kind, text: LocalizedText(["fa": "چند؟", "en": "How likely?"]), required: true),
                SurveyQuestion(
                    id: "comment", kind: .text, text: LocalizedText(["fa": "چرا؟", "en": "Why?"]), required: false),
            ], thanks: LocalizedText(["fa": "سپاس", "en": "Thanks"]))
        let survey = try await surveys.create(context, NewSurvey(name: name, metric: metric, content: content))
        return isPublished ? try await surveys.publish(context, survey.id) : survey
    }

    /// A draft that sends the survey to the segment.
    public func campaign(
        _ name: String, _ survey: Survey, to segment: Segment, expiresInDays: Int = 30
    ) async throws -> Campaign {
        try await campaigns.create(
            context,
            NewCampaign(
                name: name, kind: .relationship, surveyID: survey.id, segmentID: segment.id,
                subject: LocalizedText(["fa": "نظر شما", "en": "Your opinion"]),
                message: LocalizedText(["fa": "سلام", "en": "Hello"]), expiresInDays: expiresInDays))
    }

    /// A campaign of a new survey to a new segment of the customers, its ledger written and nothing sent yet.
    public func planned(
        _ name: String = "Campaign", to customers: [Customer], metric: Metric = .nps, kind: SurveyQuestion.Kind = .nps
    ) async throws -> Campaign {
        let survey = try await survey(name, metric: metric, kind: kind)
        let campaign = try await campaign(name, survey, to: try await segment(name, of: customers))
        return try await planned(campaign)
    }

    /// Launches the campaign and writes its ledger, as the planning job does.
    public func planned(_ campaign: Campaign) async throws -> Campaign {
        _ = try await campaigns.launch(context, campaign.id)
        try await plan(campaign.id)
        // An audience of which nobody is invited is a batch without jobs, which ends at once.
        try await planner.finish(context, campaign.id)
        return try await campaigns.find(context, campaign.id)
    }

    /// Writes a launched campaign's ledger; as the job does, again while somebody evaluates for the tenant.
    public func plan(_ id: Campaign.ID) async throws {
        try await eventually {
            do { try await planner.plan(context, id) } catch is SegmentEvaluator.Busy { return false }
            return true
        }
    }

    package var planner: CampaignPlanner { CampaignPlanner(database: database) }

    // MARK: Sending

    package func sender(_ transport: any MailTransport) -> InvitationSender {
        InvitationSender(database: database, transport: transport, publicURL: Self.publicURL)
    }

    /// The stretches of the ledger that wait in the queue to be sent.
    public func stretches() async throws -> [SendInvitations] {
        try await server.texts(
            """
            SELECT j.parameters::text FROM job.job j WHERE j.tenant_id = \(tenantID) AND j.kind = 'campaign.send'
            ORDER BY j.id
            """
        ).map { try JSONDecoder().decode(SendInvitations.self, from: Data($0.utf8)) }
    }

    /// Sends every stretch once, as the sending jobs do, and then ends the campaigns, as the last job of each does.
    @discardableResult
    package func send(_ transport: any MailTransport) async throws -> [InvitationSender.Report] {
        var reports: [InvitationSender.Report] = []
        let stretches = try await stretches()
        for stretch in stretches { reports.append(try await sender(transport).send(context, stretch)) }
        for id in Set(stretches.map(\.campaignID)) { try await planner.finish(context, id) }
        return reports
    }

    /// The tokens of a campaign that is planned and sent to the customers, in the order of their addresses.
    public func tokens(_ name: String = "Campaign", sentTo customers: [Customer]) async throws -> [SecretToken] {
        _ = try await planned(name, to: customers)
        return try await withOutbox { outbox in
            try await send(outbox.transport())
            return try outbox.letters().sorted { $0.recipient < $1.recipient }.compactMap { SecretToken($0.token) }
        }
    }

    // MARK: What tests look at

    /// The states of the campaign's invitations in the order of their addresses.
    public func states(of campaign: Campaign) async throws -> [String] {
        try await server.texts(
            """
            SELECT i.state FROM crm.invitation i WHERE i.tenant_id = \(tenantID) AND i.campaign_id = \(campaign.id)
            ORDER BY i.address, i.id
            """)
    }

    /// The tenant changes its mind about days of quarantine.
    public func setQuarantine(days: Int) async throws {
        try await server.run(
            "UPDATE crm.tenant_setting SET quarantine_days = \(Int16(days)) WHERE tenant_id = \(tenantID)")
    }
}
