import CRM
import Hummingbird

struct HealthRoutes {
    static let paths: Set = ["/healthz", "/readyz"]

    let readiness: Readiness

    func add(to routes: inout RouteTable) {
        // Whether the process lives; the database may be away.
        routes.add(.get, "/healthz") { _, _ in Reply.value(["status": "ok"]) }
        // Whether requests can be served: the database answers with a schema that fits.
        routes.add(.get, "/readyz") { _, _ in
            try await readiness.check()
            return Reply.value(["status": "ready"])
        }
    }
}
