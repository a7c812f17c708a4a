public import CRM
import Foundation
import HTTPTypes
import Hummingbird
public import Logging
import Postgres

/// The HTTP interface: the API under `/v1`, the respondents' pages, and the process's health.
public struct API: Sendable {
    private let database: Database
    private let imports: Database
    private let spool: UploadSpool
    private let log: LogSink?
    private let readiness: Readiness
    private let metrics: RequestMetrics?
    private let signIn: SignInService
    private let gate: Gate
    private let tenants: TenantService

    /// - Parameters:
    ///   - imports: a database with connections of its own, since an import keeps one for long.
    ///   - platform: for the platform API.
    ///   - access: who is let in.
    ///   - metrics: where it is counted how long requests take.
    ///   - log: where the line of each request goes, in JSON; without one it goes to the server's logger.
    public init(
        database: Database, imports: Database, platform: PlatformDatabase, access: AccessControl, spool: UploadSpool,
        log: LogSink? = nil, readiness: Readiness? = nil, metrics: RequestMetrics? = nil
    ) {
        self.database = database
        self.imports = imports
        self.spool = spool
        self.log = log
        self.metrics = metrics
        self.readiness = readiness ?? Readiness(database: database, drainTime: .zero)
        signIn = SignInService(database: database, tokens: access.tokens, hasher: access.hasher)
        tenants = TenantService(database: platform)
        gate = Gate(
            authenticator: access.authenticator, platformKeys: PlatformKeyService(database: platform),
            proxies: TrustedProxies(networks: access.trustedProxies))
    }

    /// A server at the address, as a service.
    public func service(host: String, port: Int, maximumClients: Int = 20_000, logger: Logger) -> HTTPService {
        HTTPService(
            host: host, port: port, limits: .init(maximumClients: maximumClients), logger: logger,
            responder: responder())
    }

    /// Everything that clients can do.
    var operations: [Operation] {
        let groups: [any OperationGroup] = [
            CustomerOperations(
                customers: CustomerService(database: database), consents: ConsentService(database: database),
                timeline: TimelineService(database: database)),
            RecordOperations(
                "customer_attributes", "Which attributes of its own the business keeps of customers.",
                RecordService<CustomerAttributeValues>(database: database)),
            PrivacyOperations(privacy: PrivacyService(database: database)),
            OrderOperations(orders: OrderService(database: database)),
            RecordOperations(
                "interactions", "What happened between customers and departments, on any channel.",
                RecordService<InteractionValues>(database: database)),
            RecordOperations(
                "markets", "Where customers come from: main markets and their sub-markets.",
                RecordService<MarketValues>(database: database)),
            RecordOperations(
                "departments", "The parts of the business that deal with customers, as a tree.",
                RecordService<DepartmentValues>(database: database)),
            RecordOperations(
                "journey_stages", "The stages of the way that customers go with the business.",
                RecordService<JourneyStageValues>(database: database)),
            RecordOperations(
                "touchpoints", "Where customers meet the business, and which of that are moments of truth.",
                RecordService<TouchpointValues>(database: database)),
            RecordOperations(
                "products", "What the business sells, and where each is in its life.",
                RecordService<ProductValues>(database: database)),
            ImportOperations(kind: .customers, imports: ImportService(database: imports), spool: spool),
            ImportOperations(kind: .orders, imports: ImportService(database: imports), spool: spool),
            ExportOperations(
                customers: CustomerExport(database: database), orders: OrderExport(database: database)),
            MergeOperations(merges: MergeService(database: database), customers: CustomerService(database: database)),
            DuplicateOperations(duplicates: DuplicateService(database: database)),
            SegmentOperations(
                segments: SegmentService(database: database), members: SegmentMembers(database: database),
                values: ValueService(database: database)),
            PlanOperations(plans: PlanService(database: database)),
            SurveyOperations(surveys: SurveyService(database: database)),
            CampaignOperations(campaigns: CampaignService(database: database)),
            ScoreOperations(
                scores: ScoreService(database: database), responses: ResponseService(database: database)),
            SettingsOperations(settings: SettingsService(database: database)),
            SignInOperations(signIn: signIn), MemberOperations(members: MemberService(database: database)),
            KeyOperations(keys: APIKeyService(database: database)),
            AuditOperations(audit: AuditService(database: database)),
            PlatformOperations(tenants: tenants, members: MemberService(database: database)),
        ]
        return groups.flatMap(\.operations)
    }

    /// The OpenAPI document, as it is kept in the project: a line a value, so that changes are seen.
    public static func document() async throws -> String {
        // Nothing of it connects.
        let pool = Pool(Configuration(url: "postgresql:///", applicationName: "mehvar-api"))
        let database = Database(pool: pool)
        let api = API(
            database: database, imports: database, platform: PlatformDatabase(pool: pool),
            access: try await AccessControl(database: database),
            spool: UploadSpool(directory: URL(filePath: "/")))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(OpenAPIDocument(operations: api.operations).node), as: UTF8.self)
            + "\n"
    }

    func responder() -> APIResponder {
        APIResponder(
            routes: routes(), crossOrigin: CrossOrigin(origins: OriginDirectory(database: database)),
            log: RequestLog(sink: log), metrics: metrics)
    }

    func routes() -> RouteTable {
        let operations = operations
        var routes = RouteTable()
        HealthRoutes(readiness: readiness).add(to: &routes)
        RespondentRoutes(respondents: RespondentService(database: database)).add(to: &routes)
        DocumentRoutes(operations: operations).add(to: &routes)
        PasswordRoutes(signIn: signIn, gate: gate).add(to: &routes)
        for operation in operations {
            routes.add(operation.method, operation.path) {
                [gate] request, context in
                var response = try await operation.handle(request, context, gate)
                if response.headers[.cacheControl] == nil {
                    // Nothing of a business stands in a cache that others read; who asked may keep it beside its ETag.
                    response.headers[.cacheControl] = operation.method == .get ? "private, no-cache" : "no-store"
                    // One address may show each business its own, such as its settings.
                    response.headers.append(HTTPField(name: .vary, value: "Authorization"))
                }
                return response
            }
        }
        return routes
    }
}
