import Glibc
import TestSupport
import Testing

@testable import Postgres

@Suite struct BlockingCallTests {
    @Test(.ownProcess) func `writing to a server that has gone is an error of the call, not the end of the process`()
        async
    {
        await #expect(processExitsWith: .success) {
            var ends: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            close(ends[1])
            let end = ends[0]
            let call = BlockingCall<Bool>(
                { withUnsafeBytes(of: UInt8(1)) { send(end, $0.baseAddress, 1, 0) == -1 && errno == EPIPE } },
                dispose: { _ in })
            let isRefused = try await #require(call).wait(until: .now + .seconds(60), heedsCancellation: false).0
            #expect(isRefused == true)
        }
    }
}
