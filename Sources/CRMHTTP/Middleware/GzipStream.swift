import CZLib

/// Packs what is sent piece by piece (RFC 1952); each piece can be read when it arrives.
final class GzipStream {
    private static let level: Int32 = 4

    private var stream = z_stream()

    init() throws {
        let code = mehvar_deflate_gzip(&stream, Self.level)
        guard code == Z_OK else { throw Compression.Failed(code: code) }
    }

    deinit { deflateEnd(&stream) }

    /// - Parameter isLast: whether nothing follows.
    func pack(_ bytes: [UInt8], isLast: Bool) throws -> [UInt8] {
        // Flushing adds a few bytes to the bound.
        let bound = Int(deflateBound(&stream, UInt(bytes.count))) + 64
        var code = Z_OK
        let packed = [UInt8](unsafeUninitializedCapacity: bound) { space, count in
            bytes.withUnsafeBufferPointer { input in
                // zlib only reads it.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = space.baseAddress
                stream.avail_out = UInt32(space.count)
                code = deflate(&stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
                count = space.count - Int(stream.avail_out)
            }
        }
        guard code == (isLast ? Z_STREAM_END : Z_OK), stream.avail_in == 0 else { throw Compression.Failed(code: code) }
        return packed
    }
}
