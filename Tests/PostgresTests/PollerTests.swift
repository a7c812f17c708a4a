import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite struct PollerTests {
    private func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        return (ends[0], ends[1])
    }

    private func put(into pipe: Int32) { _ = withUnsafeBytes(of: UInt8(1)) { write(pipe, $0.baseAddress, 1) } }

    private func take(from pipe: Int32) -> Bool {
        var byte: UInt8 = 0
        return read(pipe, &byte, 1) == 1
    }

    @Test func `a socket that took the number of another's is watched all the same`() async throws {
        let (first, second) = (try pipe(), try pipe())
        // What is closed by one number and lives on by another still reports, as the first number's.
        let copy = dup(first.read)
        defer { for descriptor in [first.read, first.write, second.read, second.write] { close(descriptor) } }
        let poller = PollingExecutor.shared.next()
        let (old, new) = (poller.open(), poller.open())
        defer { for place in [old, new] { place.close() } }

        // Where the poller looks once more before the byte is taken, it lets the socket go; then once again.
        try await eventually {
            put(into: first.write)
            let isTaken = await Task(executorPreference: PollingExecutor.shared) {
                let outcome = await old.wait(for: first.read, .read, until: .now + .seconds(60), staysWatched: true)
                return outcome == .ready && take(from: first.read)
            }.value
            return isTaken && old.isWatched.load(ordering: .relaxed)
        }
        #expect(dup2(second.read, first.read) == first.read)

        let waiter = Task {
            while !take(from: first.read) {
                let outcome = await new.wait(for: first.read, .read, until: .now + .seconds(10))
                if outcome != .ready { return outcome }
            }
            return .ready
        }
        try await eventually { new.socket.load(ordering: .relaxed) == first.read }
        put(into: first.write)
        try await eventually { !old.isWatched.load(ordering: .relaxed) }
        close(copy)
        put(into: second.write)
        #expect(await waiter.value == .ready)
    }

    @Test func `a connection goes to the thread that serves the fewest`() throws {
        // Other tests open some meanwhile; these are many more for each thread.
        let first = (0..<200 * ProcessInfo.processInfo.activeProcessorCount).map { _ in PollingExecutor.shared.open() }
        let leaving = first[0].poller
        for place in first where place.poller === leaving { place.close() }
        let second = (0..<100).map { _ in PollingExecutor.shared.open() }
        defer { for place in second + first.filter({ $0.poller !== leaving }) { place.close() } }
        #expect(second.count { $0.poller === leaving } > 90)
    }
}
