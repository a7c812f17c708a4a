import CRM
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// The context of every request: its id, and who makes it once that is known.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who made the request, as the layers around the operation see it afterwards.
    let caller = Caller()

    /// Who is at the other end of the connection.
    let peer: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress
    }

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
