import CLibPQ
import Glibc

/// How to see that the server has refused the data of a COPY before all of them are sent: libpq does not look for its
/// answer before their end, and a source may have none.
enum CopyRefusal {
    /// Whether these bytes from the server, which begin with a message or else are none of our business, hold an
    /// ErrorResponse, perhaps after notices. (PostgreSQL 15, "Message Formats".)
    static func isIn(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start + 5 <= bytes.count {
            switch bytes[start] {
            case UInt8(ascii: "E"): return isError(bytes[(start + 5)...])
            // Notices, notifications, changed parameters.
            case UInt8(ascii: "N"), UInt8(ascii: "A"), UInt8(ascii: "S"):
                let length = bytes[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
                guard length >= 4 else { return false }
                start += 1 + length
            default: return false
            }
        }
        return false
    }

    /// Whether fields begin with a severity of errors: `S`, a word in the server's language, `V`, the word in English.
    private static func isError(_ fields: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard fields.first == UInt8(ascii: "S"), let end = fields.firstIndex(of: 0) else { return false }
        return ["VERROR\0", "VFATAL\0", "VPANIC\0"].contains { fields[(end + 1)...].starts(with: $0.utf8) }
    }
}

extension Session {
    /// Whether the server has refused what was sent so far. Under TLS that is not seen before the end of the data, since
    /// the bytes on the socket are not the conversation's.
    ///
    /// Asked whenever libpq is about to send, since it reads, and hides, what has come when the socket takes no more.
    func hasRefusedCopy() -> Bool {
        guard PQsslInUse(connection) == 0 else { return false }
        var waiting: Int32 = 0
        guard ioctl(PQsocket(connection), UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return false }
        return withUnsafeTemporaryAllocation(byteCount: min(Int(waiting), 64 * 1024), alignment: 1) { buffer in
            let count = recv(PQsocket(connection), buffer.baseAddress, buffer.count, Int32(MSG_PEEK | MSG_DONTWAIT))
            return count > 0 && CopyRefusal.isIn(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
