import Foundation
import Testing

@testable import JobQueue

@Suite("Parts")
struct PartTests {
    @Test func `Ids of one process ascend, also when the clock steps back`() throws {
        let ids = (0..<10_000).map { _ in UUID.v7().uuidString }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        var generator = SystemRandomNumberGenerator()
        var clock = UUIDv7Clock()
        let first = clock.next(&generator, now: 1_000)
        let second = clock.next(&generator, now: 400)
        #expect(second.milliseconds == 1_000)
        #expect(second.counter == first.counter + 1)
    }

    @Test func `An id carries its version, its variant and the present time`() throws {
        let id = UUID.v7()
        let bytes = id.uuid
        #expect(bytes.6 >> 4 == 7)
        #expect(bytes.8 >> 6 == 0b10)
        let time = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5]
        let milliseconds = time.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(abs(Double(milliseconds) / 1000 - Date().timeIntervalSince1970) < 5)
    }

    @Test func `Backoff doubles up to its limit and never overflows`() {
        let policy = RetryPolicy(base: .seconds(2), limit: .seconds(60))
        #expect(policy.ceiling(afterAttempt: 1) == .seconds(2))
        #expect(policy.ceiling(afterAttempt: 4) == .seconds(16))
        #expect(policy.ceiling(afterAttempt: 1_000) == .seconds(60))
        #expect(policy.delay(afterAttempt: 4) <= .seconds(16))
    }
}
