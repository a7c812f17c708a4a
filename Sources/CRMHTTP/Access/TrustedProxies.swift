import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The proxies in front of the server, whose `X-Forwarded-For` is believed.
struct TrustedProxies: Sendable {
    let networks: [NetworkRange]

    /// The address that a request came from: the nearest one that is no proxy of ours; `nil` where there is none.
    func client(_ request: Request, _ context: APIContext) -> String? {
        guard let peer = context.peer else { return nil }
        guard !networks.isEmpty, isTrusted(peer), let field = Self.forwardedFor.flatMap({ request.headers[$0] }) else {
            return peer
        }
        // Each proxy appends whom it was asked by; what stands before the first stranger is that one's claim.
        var client = peer
        for hop in field.split(separator: ",").reversed().prefix(16) {
            let hop = hop.trimmingCharacters(in: .whitespaces)
            guard IPAddress(hop) != nil else { break }
            client = hop
            if !isTrusted(hop) { break }
        }
        return client
    }

    private func isTrusted(_ address: String) -> Bool {
        guard let address = IPAddress(address) else { return false }
        return networks.contains { $0.contains(address) }
    }

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")
}
