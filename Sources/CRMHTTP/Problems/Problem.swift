import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An error as the client gets it: `application/problem+json`, RFC 9457.
struct Problem: Encodable {
    let type: String
    let title: String
    let status: Int
    let detail: String?
    /// What programs decide by; the title is for people.
    let code: String
    let requestId: String
    let errors: [FieldError]?
    var headers = HTTPFields()

    /// A client that made more mistakes than these makes them all over again.
    private static let maximumErrors = 100

    private enum CodingKeys: CodingKey { case type, title, status, detail, code, requestId, errors }

    init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String? = nil, errors: [FieldError]? = nil,
        requestID: String, headers: HTTPFields = [:]
    ) {
        type = "urn:mehvar:problem:\(code)"
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
        self.code = code
        requestId = requestID
        self.errors = errors.map { Array($0.prefix(Self.maximumErrors)) }
        self.headers = headers
    }

    func response() throws -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        let body = ByteBuffer(bytes: try JSONCoding.encoder().encode(self))
        return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: body))
    }
}
