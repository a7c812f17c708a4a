import HTTPTypes
import Hummingbird
import NIOCore

extension Reply {
    /// A file that is made while it is sent, piece by piece; in gzip for who takes it.
    ///
    /// - Parameters:
    ///   - name: under which it is saved.
    ///   - readmit: finds out anew, now and then, whether the caller may still read it.
    ///   - next: gives each piece, with `true` for the last.
    static func file(
        _ request: Request, _ name: String, type: String, readmit: @escaping @Sendable () async throws -> Void,
        next: @escaping @Sendable () -> any PieceMaking
    ) throws -> Response {
        var headers: HTTPFields = [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""]
        headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        let isPacked = Compression.accepts(request.headers[.acceptEncoding])
        if isPacked { headers[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                var pieces = next()
                let gzip = isPacked ? try GzipStream() : nil
                var admitted = ContinuousClock.now
                var isLast = false
                while !isLast {
                    let bytes: [UInt8]
                    (bytes, isLast) = try await pieces.next()
                    let packed = try gzip?.pack(bytes, isLast: isLast) ?? bytes
                    if !packed.isEmpty { try await writer.write(ByteBuffer(bytes: packed)) }
                    // A key that is revoked meanwhile gets no more.
                    if !isLast, ContinuousClock.now - admitted > .seconds(5) {
                        try await readmit()
                        admitted = .now
                    }
                }
                try await writer.finish(nil)
            })
    }
}

/// Makes the pieces of a file one after the other.
protocol PieceMaking {
    /// The next piece, and whether it is the last.
    mutating func next() async throws -> (bytes: [UInt8], isLast: Bool)
}
