import CRM
import Hummingbird
import Logging
import Synchronization

/// The context of every request: its id, and who makes it once that is known.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Set by ``Authentication``.
    var tenant: TenantContext?
    /// Who made the request, as the layers around the authentication see it afterwards.
    let caller = Caller()

    init(source: Source) { coreContext = .init(source: source) }

    /// In the log, the answer and the problem.
    var requestID: String { id }
}

/// Who made a request, once that is known; one for each request.
final class Caller: Sendable {
    struct Facts: Sendable {
        var tenant: TenantContext?
        var terms: CallerTerms?
        var limit: RateLimit?
    }

    private let found = Mutex(Facts())

    var facts: Facts { found.withLock { $0 } }

    func note(_ tenant: TenantContext?, _ terms: CallerTerms, limit: RateLimit) {
        found.withLock { $0 = Facts(tenant: tenant, terms: terms, limit: limit) }
    }
}

/// The context of requests that were authenticated: the tenant is there.
struct TenantRequestContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    let tenant: TenantContext

    init(context: APIContext) throws {
        guard let tenant = context.tenant else { throw ServiceError.unauthenticated }
        coreContext = context.coreContext
        self.tenant = tenant
    }
}
