import CLibPQ

/// A request to the server to stop what it does on a connection. PQcancel blocks on a connection of its own.
struct Canceller {
    private let call: BlockingCall<Bool>

    /// Sends the request; `nil` when that cannot even be tried.
    init?(_ connection: OpaquePointer) {
        guard PQstatus(connection) == CONNECTION_OK, let request = PQgetCancel(connection) else { return nil }
        let handle = Handle(pointer: request)
        let call = BlockingCall {
            var message = [CChar](repeating: 0, count: 256)
            // A cancel that does not arrive shows by the answer that does not come: the session is then discarded.
            let isSent = PQcancel(handle.pointer, &message, Int32(message.count)) == 1
            PQfreeCancel(handle.pointer)
            return isSent
        } dispose: { _ in
        }
        guard let call else {
            PQfreeCancel(request)
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
