import CLibPQ
import Synchronization

/// A request to the server to stop what it does on a connection. PQcancel blocks on a connection of its own.
struct Canceller {
    /// Requests under way. Where a server takes connections and says nothing each blocks its thread until the server goes
    /// on, so their number is limited.
    private static let underWay = Atomic<Int>(0)
    private static let mostUnderWay = 256

    private let call: BlockingCall<Bool>

    /// Sends the request; `nil` when that cannot even be tried, or too many are under way.
    init?(_ connection: OpaquePointer) {
        guard PQstatus(connection) == CONNECTION_OK else { return nil }
        guard Self.underWay.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostUnderWay,
            let request = PQgetCancel(connection)
        else {
            Self.underWay.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        let handle = Handle(pointer: request)
        let call = BlockingCall {
            var message = [CChar](repeating: 0, count: 256)
            // A cancel that does not arrive shows by the answer that does not come: the session is then discarded.
            let isSent = PQcancel(handle.pointer, &message, Int32(message.count)) == 1
            PQfreeCancel(handle.pointer)
            Self.underWay.wrappingSubtract(1, ordering: .relaxed)
            return isSent
        } dispose: { _ in
        }
        guard let call else {
            PQfreeCancel(request)
            Self.underWay.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        self.call = call
    }

    /// Waits until the server has taken or refused the request, or could not be reached; `false` when that took too long.
    func settle(until deadline: Moment) async -> Bool {
        await call.wait(until: deadline, heedsCancellation: false).1 == .ready
    }

    /// `@unchecked Sendable`: libpq's request belongs to the thread that sends it alone.
    private struct Handle: @unchecked Sendable { let pointer: OpaquePointer }
}
