import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An error as the client gets it: `application/problem+json`, RFC 9457.
struct Problem {
    let status: HTTPResponse.Status
    /// What programs decide by; the title is for people.
    let code: String
    let detail: String?
    let errors: [FieldError]
    let requestID: String
    var headers = HTTPFields()

    /// A client that made more mistakes than these makes them all over again.
    private static let maximumErrors = 100

    init(
        _ code: ProblemCode, _ detail: String? = nil, errors: [FieldError] = [], requestID: String,
        headers: HTTPFields = [:]
    ) {
        self.init(code.status, code.rawValue, detail, errors: errors, requestID: requestID, headers: headers)
    }

    init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String? = nil, errors: [FieldError] = [],
        requestID: String, headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = Array(errors.prefix(Self.maximumErrors))
        self.requestID = requestID
        self.headers = headers
    }

    func response() -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: self))))
    }
}

extension Problem: JSONObject {
    static let schemaName = "Problem"
    static let schemaDescription = "Why a request was refused. (RFC 9457)"
    static var example: Problem {
        Problem(
            .invalid, "Some values are not allowed; errors names each.",
            errors: [FieldError("/name", "required", "Is required.")], requestID: "2c5ea4c0400671f0")
    }

    func members(_ json: inout JSONWriter) {
        json.member("type", "urn:mehvar:problem:\(code)", "Names the kind of problem.")
        json.member("title", status.reasonPhrase, "The status in words.")
        json.member("status", status.code, "The HTTP status.")
        json.member("detail", detail, "What is wrong, for people.")
        json.member("code", code, "What is wrong, for programs.")
        json.member("request_id", requestID, "What the server's log calls the request.")
        json.member(
            "errors", errors, "Each value that is not allowed, at most 100; often none.")
    }
}
