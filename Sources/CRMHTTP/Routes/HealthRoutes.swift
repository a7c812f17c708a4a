import CRM
import Hummingbird

struct HealthRoutes {
    let readiness: Readiness

    func add(to router: Router<APIContext>) {
        // Whether the process lives; the database may be away.
        router.get("/healthz") { _, _ in Reply.value(["status": "ok"]) }
        // Whether requests can be served: the database answers with a schema that fits.
        router.get("/readyz") { _, _ in
            try await readiness.check()
            return Reply.value(["status": "ready"])
        }
    }
}
