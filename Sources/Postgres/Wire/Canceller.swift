import CEpoll
import CLibPQ
import Glibc

/// A cancel request under way. PQcancel blocks on a connection of its own, so it runs on a thread of its own.
///
/// `@unchecked Sendable`: libpq's request belongs to that thread alone; an eventfd tells when it is done.
final class Canceller: @unchecked Sendable {
    /// Readable when the server has taken or refused the request, or could not be reached.
    let done: Int32
    private let request: OpaquePointer

    /// Sends a request to stop what the server does on this connection; `nil` when that cannot even be tried.
    init?(_ connection: OpaquePointer) {
        guard PQstatus(connection) == CONNECTION_OK, let request = PQgetCancel(connection) else { return nil }
        self.request = request
        done = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard done >= 0 else { return nil }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Canceller>.fromOpaque(argument).takeRetainedValue().send()
                return nil
            }, argument.toOpaque())
        guard result == 0 else {
            argument.release()
            return nil
        }
        pthread_detach(thread)
    }

    deinit {
        PQfreeCancel(request)
        if done >= 0 { Glibc.close(done) }
    }

    private func send() {
        var message = [CChar](repeating: 0, count: 256)
        // A cancel that does not arrive shows by the answer that does not come: the session is then discarded.
        _ = PQcancel(request, &message, Int32(message.count))
        var one: UInt64 = 1
        _ = write(done, &one, 8)
    }
}
