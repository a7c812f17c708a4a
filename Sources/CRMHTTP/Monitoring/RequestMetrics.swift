import HTTPTypes
import Metrics
import Synchronization

/// How long requests took, by route, method and status.
public final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        /// The template: there are few, whatever the paths.
        let route: String
        let method: String
        let status: Int
    }

    private let timers = Mutex<[Key: Timer]>([:])

    public init() {}

    func record(route: String, method: HTTPRequest.Method, status: Int, _ duration: Duration) {
        let method = Self.name(of: method)
        let key = Key(route: route, method: method, status: status)
        let timer = timers.withLock { timers in
            if let timer = timers[key] { return timer }
            let timer = Timer(
                label: "http_request_duration",
                dimensions: [("route", route), ("method", method), ("status", String(status))])
            timers[key] = timer
            return timer
        }
        timer.record(duration: duration)
    }

    /// A client may call its method anything.
    static func name(of method: HTTPRequest.Method) -> String {
        methods.contains(method) ? method.rawValue : "other"
    }

    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .patch, .delete, .put, .options]
}
