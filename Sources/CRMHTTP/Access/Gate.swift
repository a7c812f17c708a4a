import CRM
import Foundation
import HTTPTypes
import Hummingbird

/// Finds out on whose behalf a request is made, and whether that one has not made too many.
struct Gate: Sendable {
    let authenticator: Authenticator
    let platformKeys: PlatformKeyService
    let proxies: TrustedProxies
    private let limiter = RateLimiter<UUID>()
    private let visitors = RateLimiter<[UInt8]>()

    /// Of one network address, for what needs no key.
    private static let visitorsPerSecond = 20

    init(authenticator: Authenticator, platformKeys: PlatformKeyService, proxies: TrustedProxies) {
        self.authenticator = authenticator
        self.platformKeys = platformKeys
        self.proxies = proxies
    }

    /// Who runs the deployment, by a key of the platform API; wrong ones are counted by the network address.
    func platform(_ request: Request, _ context: APIContext) async throws -> PlatformContext {
        guard let header = request.headers.value(.authorization), let key = Self.bearer(header) else {
            throw ServiceError.unauthenticated(.missing)
        }
        guard PlatformKeyService.mayBeKey(key) else { throw ServiceError.unauthenticated(.invalid) }
        let visitor = try visitor(request, context)
        let caller = try await platformKeys.authenticate(key)
        visitors.giveBack(Self.subscriber(visitor.address))
        return caller.with(requestID: context.requestID, address: visitor.address)
    }

    /// The business's caller whose bearer token the request carries.
    func caller(_ request: Request, _ context: APIContext) async throws -> (TenantContext, AuthenticatedCaller) {
        guard let header = request.headers.value(.authorization), let token = Self.bearer(header) else {
            throw ServiceError.unauthenticated(.missing)
        }
        let address = proxies.client(request, context)
        let caller: AuthenticatedCaller
        do {
            caller = try await authenticator.authenticate(token)
        } catch ServiceError.unauthenticated(.invalid) where Authenticator.isLookedUp(token) {
            // Who tries one after the other has to wait.
            try count(address)
            throw ServiceError.unauthenticated(.invalid)
        }
        let tenant = caller.context.with(requestID: context.requestID, address: address)
        let limit = admit(caller)
        context.caller.note(tenant, caller.terms, limit: limit)
        guard limit.allowance.wait == .zero else { throw RequestProblem.rateLimited(after: limit.allowance.wait) }
        return (tenant, caller)
    }

    /// Somebody who shows nothing, counted by the network address.
    func visitor(_ request: Request, _ context: APIContext) throws -> SignInService.Visitor {
        let address = proxies.client(request, context)
        try count(address)
        return SignInService.Visitor(
            requestID: context.requestID, address: address, userAgent: request.headers[.userAgent])
    }

    private func count(_ address: String?) throws {
        let allowance = visitors.take(Self.subscriber(address), perSecond: Self.visitorsPerSecond)
        guard allowance.wait == .zero else { throw RequestProblem.rateLimited(after: allowance.wait) }
    }

    private static func subscriber(_ address: String?) -> [UInt8] {
        address.flatMap { IPAddress($0) }?.subscriber ?? []
    }

    /// The tighter limit after the request was counted. What one limit refuses does not count for the other, so that one hasty
    /// key takes nothing from the business's others.
    private func admit(_ caller: AuthenticatedCaller) -> RateLimit {
        let (terms, business) = (caller.terms, caller.context.tenantID.rawValue)
        guard let key = caller.context.actor.id else {
            return RateLimit(name: .business, allowance: limiter.take(business, perSecond: terms.requestsPerSecond))
        }
        let own = RateLimit(name: .key, allowance: limiter.take(key, perSecond: terms.keyRequestsPerSecond))
        guard own.allowance.wait == .zero else { return own }
        let all = RateLimit(name: .business, allowance: limiter.take(business, perSecond: terms.requestsPerSecond))
        guard all.allowance.wait == .zero else {
            limiter.giveBack(key)
            return all
        }
        return own.allowance.remaining <= all.allowance.remaining ? own : all
    }

    /// What stands behind the scheme's name, which is written in any case.
    static func bearer(_ header: String) -> String? {
        let scheme = header.utf8.prefix(7)
        guard scheme.count == 7, zip(scheme, "bearer ".utf8).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        return String(Substring(header.utf8[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }))
    }
}

/// A limit as the client is told it. (draft-ietf-httpapi-ratelimit-headers-10)
struct RateLimit: Sendable {
    enum Name: String, Sendable { case key, business }

    let name: Name
    let allowance: RateAllowance

    var policy: String { "\"\(name.rawValue)\";q=\(allowance.limit);w=1" }
    var remaining: String { "\"\(name.rawValue)\";r=\(allowance.remaining);t=1" }
}
