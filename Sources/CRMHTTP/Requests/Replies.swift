import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers of the API.
enum Reply {
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        let body = ByteBuffer(bytes: try JSONCoding.encoder().encode(value))
        return Response(status: status, headers: headers, body: .init(byteBuffer: body))
    }

    /// An object with its `ETag`.
    static func object(_ value: some Encodable, version: Int, status: HTTPResponse.Status = .ok) throws -> Response {
        try json(value, status: status, headers: [.eTag: "\"\(version)\""])
    }

    /// A new object: 201 with its place.
    static func created(_ value: some Encodable, version: Int, at path: String) throws -> Response {
        try json(value, status: .created, headers: [.eTag: "\"\(version)\"", .location: path])
    }

    static func page<Item: Encodable>(_ page: Page<Item>) throws -> Response {
        try json(PageBody(data: page.items, nextCursor: page.nextCursor))
    }
}

/// The form of every list; the cursor is null at the end.
private struct PageBody<Item: Encodable>: Encodable {
    let data: [Item]
    let nextCursor: String?

    enum CodingKeys: CodingKey { case data, nextCursor }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(data, forKey: .data)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

extension Request {
    /// The version that `If-Match` names; `nil` without it or for `*`.
    func expectedVersion() throws -> Int? {
        guard let text = headers[.ifMatch], text != "*" else { return nil }
        guard text.hasPrefix("\""), text.hasSuffix("\""), let version = Int(text.dropFirst().dropLast()) else {
            throw RequestProblem.badPrecondition
        }
        return version
    }
}
