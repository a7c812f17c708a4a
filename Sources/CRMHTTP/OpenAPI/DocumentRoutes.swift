import CRM
import Hummingbird
import NIOCore
import Synchronization

/// What the API says of itself: for programs at `/openapi.json`, for people at `/docs`.
struct DocumentRoutes {
    let operations: [Operation]

    func add(to routes: inout RouteTable) {
        let document = OpenAPIDocument(operations: operations)
        let json = WhenAsked { JSONWriter.bytes(of: document.node) }
        let page = WhenAsked { DocumentPage(document: document).render() }
        routes.add(.get, "/openapi.json") { _, _ in
            Reply.json(json.value, headers: [.cacheControl: "public, max-age=300"])
        }
        routes.add(.get, "/docs") { _, _ in PageReply.html(page.value) }
    }
}

/// A value that is made when it is asked for first, and kept.
private final class WhenAsked<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)
    private let make: @Sendable () -> Value

    init(_ make: @escaping @Sendable () -> Value) { self.make = make }

    var value: Value {
        made.withLock { made in
            let value = made ?? make()
            made = value
            return value
        }
    }
}
