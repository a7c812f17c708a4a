import CRM
import Foundation
import Hummingbird
import Logging
import NIOCore
import PollingTransport
import Synchronization

/// The context of every request: its id, and who makes it once that is known.
struct APIContext: InitializableFromSource, Sendable {
    /// In the log, the answer and the problem.
    let requestID = RequestIdentifier.next()
    let logger: Logger
    /// The network address at the other end of the connection; `nil` where there is none.
    let peer: String?
    /// What the path holds.
    var parameters = PathParameters()
    /// Who made the request, as the layers around the operation see it afterwards.
    let caller = Caller()

    init(source: ApplicationRequestContextSource) {
        logger = source.logger
        peer = (source.channel as? PollingChannel)?.host ?? Self.host(source.channel)
    }

    /// The address of who is at the other end, as it is written.
    static func host(_ channel: any Channel) -> String? {
        channel.remoteAddress?.ipAddress.map { IPAddress($0)?.description ?? $0 }
    }
}

/// Ids of requests: 32 hexadecimal digits, of which the first half is the process's.
enum RequestIdentifier {
    private static let process = digits(.random(in: .min ... .max))
    private static let last = Atomic(UInt64.random(in: .min ... .max))

    static func next() -> String {
        process + digits(last.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    private static func digits(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 0xF
                digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 16
        }
    }
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
