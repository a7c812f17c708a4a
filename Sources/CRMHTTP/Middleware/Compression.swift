import CZLib
import HTTPTypes
import Hummingbird
import NIOCore

/// Sends text as gzip to who takes it.
enum Compression {
    /// What is smaller travels in one packet as it is.
    private static let minimum = 1024
    private static let level: Int32 = 4

    static func apply(_ request: Request, _ response: inout Response) {
        guard let length = response.body.contentLength, length >= minimum,
            let type = response.headers[.contentType], type.hasPrefix("text/") || type.hasSuffix("json")
        else { return }
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        guard request.method != .head, accepts(request.headers[.acceptEncoding]) else { return }
        response.headers[.contentEncoding] = "gzip"
        // How long it becomes is known when it is written.
        response.headers[.contentLength] = nil
        response.body = response.body.map { try gzip($0) }
    }

    /// Whether the client takes gzip. (RFC 9110, section 12.5.3.)
    static func accepts(_ field: String?) -> Bool {
        guard let field else { return false }
        var ofAny: Bool?
        // No client that exists names more.
        for item in field.prefix(200).lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            let isRefused = parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
            switch parts.first {
            case "gzip", "x-gzip": return !isRefused
            case "*": ofAny = !isRefused
            default: break
            }
        }
        return ofAny ?? false
    }

    struct Failed: Error {
        let code: Int32
    }

    static func gzip(_ buffer: ByteBuffer) throws -> ByteBuffer {
        var stream = z_stream()
        let code = mehvar_deflate_gzip(&stream, level)
        guard code == Z_OK else { throw Failed(code: code) }
        defer { deflateEnd(&stream) }
        var output = ByteBuffer()
        let bound = Int(deflateBound(&stream, UInt(buffer.readableBytes)))
        try buffer.withUnsafeReadableBytes { input in
            // zlib only reads it.
            stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: Bytef.self).baseAddress)
            stream.avail_in = UInt32(input.count)
            try output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
                stream.next_out = space.bindMemory(to: Bytef.self).baseAddress
                stream.avail_out = UInt32(space.count)
                let code = deflate(&stream, Z_FINISH)
                guard code == Z_STREAM_END else { throw Failed(code: code) }
                return space.count - Int(stream.avail_out)
            }
        }
        return output
    }
}
