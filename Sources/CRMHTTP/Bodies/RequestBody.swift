import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What a client sends as a JSON object.
protocol JSONBody: Sendable {
    /// What the API's documentation calls it, such as `NewCustomer`.
    static var schemaName: String { get }
    static var schemaDescription: String { get }
    /// JSON that is accepted.
    static var example: String { get }
    static var purpose: BodyReader.Purpose { get }
    /// Whether nothing means the same as an object without members.
    static var mayBeLeftOut: Bool { get }
    init(_ reader: inout BodyReader)
    /// What is wrong with it beyond its members one by one.
    var faults: [FieldError] { get }
}

extension JSONBody {
    static var purpose: BodyReader.Purpose { .new }
    static var mayBeLeftOut: Bool { false }
    var faults: [FieldError] { [] }

    static var schema: JSONSchema {
        .named(schemaName, schemaDescription, properties: BodyReader.properties(for: purpose) { _ = Self(&$0) })
    }

    /// - Throws: ``RequestProblem/malformed(_:)`` for what is no JSON object; ``ServiceError/invalid(_:)`` with every fault.
    init(json: ByteBuffer) throws {
        if let excess = JSONBounds.excess(of: json.readableBytesView) { throw RequestProblem.malformed(excess) }
        let node: JSONNode
        do {
            node = try JSONDecoder().decode(JSONNode.self, from: Data(json.readableBytesView))
        } catch {
            throw RequestProblem.malformed("The body is not JSON.")
        }
        guard case .object(let members) = node else { throw RequestProblem.malformed("The body is not a JSON object.") }
        var reader = BodyReader(members, for: Self.purpose)
        if JSONBounds.mayHoldZero(json.readableBytesView) { reader.refuseZeroCharacters() }
        let body = Self(&reader)
        reader.refuseUnknown()
        reader.add(body.faults)
        if !reader.errors.isEmpty { throw ServiceError.invalid(reader.errors) }
        self = body
    }
}

/// A JSON merge patch (RFC 7396) of an object.
protocol PatchBody: JSONBody {}

extension PatchBody {
    static var purpose: BodyReader.Purpose { .patch }
}

/// Reads bodies off requests.
enum Body {
    /// Most bytes of a JSON body.
    static let maximumBytes = 1024 * 1024

    /// - Throws: ``RequestProblem`` for another media type and for a body that is too large.
    static func bytes(of request: Request, types: [String], limit: Int = maximumBytes) async throws -> ByteBuffer {
        try check(request, types: types)
        return try await collect(request.body, upTo: limit)
    }

    /// - Throws: ``RequestProblem`` for another media type.
    ///
    /// - Parameter takesGzip: whether the body may be compressed.
    static func check(_ request: Request, types: [String], takesGzip: Bool = false) throws {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            guard takesGzip, encoding.lowercased() == "gzip" else {
                throw RequestProblem.unsupportedMediaType(
                    expected: "the body as it is\(takesGzip ? " or in gzip" : ", without Content-Encoding")")
            }
        }
        guard let sent = request.headers[.contentType].map(mediaType), types.contains(sent) else {
            throw RequestProblem.unsupportedMediaType(expected: types.joined(separator: " or "))
        }
    }

    /// - Throws: ``RequestProblem`` for a body that is too large, and for one that does not come to its end.
    static func collect(_ body: RequestBody, upTo limit: Int) async throws -> ByteBuffer {
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw RequestProblem.tooLarge(limit: limit)
        } catch let error as CancellationError {
            throw error
        } catch let error as RequestProblem {
            throw error
        } catch {
            throw brokenOff
        }
    }

    /// Broken chunks, or a client that went away: nothing that the server could mend.
    static let brokenOff = RequestProblem.malformed("The body is broken off, or not what its header says.")

    /// Without its parameters.
    static func mediaType(_ field: String) -> String {
        field.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}
