public import FoundationEssentials
import Synchronization

extension UUID {
    /// A fresh UUID version 7 (RFC 9562, section 5.7): milliseconds since 1970, then a counter, then random bits.
    ///
    /// Ids that one process makes are strictly ascending, also within a millisecond and when the clock steps back
    /// (RFC 9562, section 6.2, method 1: a counter of 12 + 10 bits that starts at random below its half).
    public static func v7() -> UUID {
        var generator = SystemRandomNumberGenerator()
        let (milliseconds, counter) = last.withLock { $0.next(&generator) }
        let high = milliseconds << 16 | 0x7000 | counter >> 10
        let low = 0x8000_0000_0000_0000 | (counter & 0x3FF) << 52 | generator.next() >> 12
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { buffer in
            buffer.storeBytes(of: high.bigEndian, as: UInt64.self)
            buffer.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return UUID(uuid: bytes)
    }

    private static let last = Mutex(UUIDv7Clock())
}

/// The moment and counter of the last id.
struct UUIDv7Clock {
    private var milliseconds: UInt64 = 0
    private var counter: UInt64 = 0

    /// `now` in milliseconds since 1970; the system's clock unless a test gives another.
    mutating func next(
        _ generator: inout some RandomNumberGenerator, now: UInt64? = nil
    ) -> (milliseconds: UInt64, counter: UInt64) {
        let now = now ?? UInt64(max(0, Date().timeIntervalSince1970 * 1000))
        if now > milliseconds {
            milliseconds = now
            counter = generator.next() & 0x1F_FFFF
        } else {
            counter += 1
            if counter > 0x3F_FFFF {
                milliseconds += 1
                counter = generator.next() & 0x1F_FFFF
            }
        }
        return (milliseconds, counter)
    }
}
