import CRM
import Hummingbird
import NIOCore

/// What the API says of itself: for programs at `/openapi.json`, for people at `/docs`.
struct DocumentRoutes {
    let operations: [Operation]

    func add(to routes: inout RouteTable) {
        let document = OpenAPIDocument(operations: operations)
        let json = JSONWriter.bytes(of: document.node)
        let page = DocumentPage(document: document).render()
        routes.add(.get, "/openapi.json") { _, _ in Reply.json(json, headers: [.cacheControl: "public, max-age=300"]) }
        routes.add(.get, "/docs") { _, _ in PageReply.html(page) }
    }
}
