import HTTPTypes
import Hummingbird
import NIOCore

/// A page as an answer: never stored, never framed, and nothing of it loaded from elsewhere.
enum PageReply {
    static func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy: PublicPage.contentSecurityPolicy, .referrerPolicy: "no-referrer",
            ], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    static func html(_ notice: NoticePage) -> Response {
        var response = html(notice.render(), status: .init(code: notice.status))
        if notice.status == 503 { response.headers[.retryAfter] = "2" }
        return response
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy: HTTPField.Name = {
        guard let name = HTTPField.Name("Referrer-Policy") else { fatalError("Referrer-Policy is no field name") }
        return name
    }()
}
