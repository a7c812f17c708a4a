public import CRM
public import Hummingbird
public import Logging

/// The HTTP interface: the API under `/v1`, the respondents' pages, and the process's health.
public struct API: Sendable {
    private let database: Database
    private let imports: Database
    private let spool: UploadSpool

    /// - Parameter imports: a database with connections of its own, since an import keeps one for long.
    public init(database: Database, imports: Database, spool: UploadSpool) {
        self.database = database
        self.imports = imports
        self.spool = spool
    }

    /// A server at the address, as a service.
    public func application(host: String, port: Int, logger: Logger) -> some ApplicationProtocol {
        Application(
            router: router(),
            // Who sends nothing for so long holds no connection.
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: .init(address: .hostname(host, port: port), serverName: "mehvar", backlog: 1024),
            logger: logger)
    }

    func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestBoundary())
        HealthRoutes(database: database).add(to: router)
        RespondentRoutes(respondents: RespondentService(database: database)).add(to: router)
        let group = router.group("/v1")
            .add(middleware: Authentication(authenticator: Authenticator(database: database)))
            .group(context: TenantRequestContext.self)
        CustomerRoutes(
            customers: CustomerService(database: database), imports: ImportService(database: imports), spool: spool
        ).add(to: group)
        SegmentRoutes(segments: SegmentService(database: database)).add(to: group)
        PlanRoutes(plans: PlanService(database: database)).add(to: group)
        SurveyRoutes(surveys: SurveyService(database: database)).add(to: group)
        CampaignRoutes(campaigns: CampaignService(database: database)).add(to: group)
        ScoreRoutes(scores: ScoreService(database: database), responses: ResponseService(database: database)).add(
            to: group)
        return router
    }
}
