import CZLib

/// Unpacks gzip (RFC 1952) piece by piece, each of bounded size, however much a piece of input becomes.
final class Gunzip {
    /// Others have their turn between two of them.
    private static let pieceSize = 64 * 1024

    private var stream = z_stream()
    private var input: [UInt8] = []
    private var position = 0
    /// Whether a member has ended and no other one begun.
    private var isBetweenMembers = false
    /// Whether the last piece was as large as one may be, so that more of the same input may follow.
    private var isFull = false

    init() throws {
        guard mehvar_inflate_gzip(&stream) == Z_OK else {
            throw ImportFault.unreadable("There is no memory to unpack it.")
        }
    }

    deinit { inflateEnd(&stream) }

    func feed(_ bytes: [UInt8]) { (input, position) = (bytes, 0) }

    /// The next piece; `nil` when more input is needed.
    ///
    /// - Throws: ``ImportFault``.
    func next() throws -> [UInt8]? {
        while position < input.count || isFull {
            if isBetweenMembers {
                guard inflateReset(&stream) == Z_OK else { throw ImportFault.unreadable("It is no gzip.") }
                isBetweenMembers = false
            }
            var code = Z_OK
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { space, count in
                input.withUnsafeBufferPointer { input in
                    // zlib only reads it.
                    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + position })
                    stream.avail_in = UInt32(input.count - position)
                    stream.next_out = space.baseAddress
                    stream.avail_out = UInt32(space.count)
                    code = inflate(&stream, Z_NO_FLUSH)
                    position = input.count - Int(stream.avail_in)
                    count = space.count - Int(stream.avail_out)
                }
            }
            isFull = piece.count == Self.pieceSize
            switch code {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: (isBetweenMembers, isFull) = (true, false)
            default: throw ImportFault.unreadable("It is no gzip, or was damaged.")
            }
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    /// Says that there is no more input.
    ///
    /// - Throws: ``ImportFault`` when there should be.
    func finish() throws {
        if !isBetweenMembers { throw ImportFault.unreadable("The gzip breaks off.") }
    }
}
