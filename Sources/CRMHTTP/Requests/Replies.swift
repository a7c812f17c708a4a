import CRM
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers of the API.
enum Reply {
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static var done: Response { Response(status: .noContent) }

    static func value(_ value: some JSONRepresentable) -> Response { json(JSONWriter.bytes(of: value)) }

    /// An object with its `ETag`.
    static func object(
        _ object: some Resource, status: HTTPResponse.Status = .ok, fields: FieldSelection.Fields? = nil
    ) -> Response {
        json(
            JSONWriter.bytes(of: object, selection: fields), status: status,
            headers: [.eTag: EntityTag(version: object.version).text])
    }

    /// A value that has a version, and no id.
    static func versioned(_ value: some JSONRepresentable, _ version: Int) -> Response {
        json(JSONWriter.bytes(of: value), headers: [.eTag: EntityTag(version: version).text])
    }

    /// A new object: 201 with its place.
    ///
    /// - Parameter collection: the path of the list that it is in.
    static func created(
        _ object: some Resource, at collection: String, fields: FieldSelection.Fields? = nil
    ) -> Response {
        var response = self.object(object, status: .created, fields: fields)
        response.headers[.location] = "\(collection)/\(object.id)"
        return response
    }

    /// An object that tells how far something has come: 202 with its place.
    ///
    /// - Parameter collection: the path of the list that it is in.
    static func begun(_ object: some Resource, in collection: String) -> Response {
        var response = self.object(object, status: .accepted)
        response.headers[.location] = "\(collection)/\(object.id)"
        return response
    }

    static func notModified(_ version: Int) -> Response {
        Response(status: .notModified, headers: [.eTag: EntityTag(version: version).text])
    }

    static func page<Item: JSONObject>(_ page: Page<Item>, fields: FieldSelection.Fields? = nil) -> Response {
        json(JSONWriter.bytes(of: page, selection: fields))
    }
}
