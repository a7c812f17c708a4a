import CRM
import Hummingbird
import Logging

/// The context of every request: its id, and who makes it once that is known.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Set by ``Authentication``.
    var tenant: TenantContext?

    init(source: Source) { coreContext = .init(source: source) }

    /// In the log, the answer and the problem.
    var requestID: String { id }
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
