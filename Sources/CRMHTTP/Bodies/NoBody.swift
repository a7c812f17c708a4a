import CRM
import Hummingbird

/// For operations that need nothing but their path; what a client sends beside it is not looked at.
struct NoBody: JSONBody {
    static let schemaName = "Nothing"
    static let schemaDescription = "Nothing."
    static let example = "{}"

    init(_ reader: inout BodyReader) {}
}

extension JSONBody {
    /// The media types that it may be sent as.
    static var types: [String] {
        purpose == .patch ? ["application/merge-patch+json", "application/json"] : ["application/json"]
    }

    /// Reads it off a request, with its bytes.
    static func read(_ request: Request) async throws -> (value: Self, bytes: [UInt8]) {
        if Self.self == NoBody.self {
            var reader = BodyReader([:])
            return (Self(&reader), [])
        }
        guard mayBeLeftOut else {
            let body = try await Body.bytes(of: request, types: types)
            return (try Self(json: body), Array(body.readableBytesView))
        }
        // Whatever a client calls the type of nothing.
        let body = try await Body.collect(request.body, upTo: Body.maximumBytes)
        guard body.readableBytes > 0 else {
            var reader = BodyReader([:])
            return (Self(&reader), [])
        }
        try Body.check(request, types: types)
        return (try Self(json: body), Array(body.readableBytesView))
    }
}
