import Glibc

/// A port of 127.0.0.1 where somebody listens for as long as the value lives.
public final class TakenPort: Sendable {
    public let number: Int
    private let socket: Int32

    public init() throws {
        let socket = try Sockets.listenOnLoopback()
        self.socket = socket
        number = try Sockets.port(of: socket)
    }

    deinit { close(socket) }
}
