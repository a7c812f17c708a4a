import Foundation
import Glibc
import Synchronization

/// A proxy between clients and the Unix socket of a PostgreSQL server, or of the pooler before it, that makes, on command,
/// the faults of a network.
///
/// Clients reach it by a Unix socket of its own and, if asked for, at a port of 127.0.0.1; see ``url(_:)`` and
/// ``tcpURL(_:)``. One thread moves the bytes, and holds at most 64 KiB for a direction of a connection.
public final class FaultyProxy: Sendable {
    public enum Direction: Sendable, Hashable { case toServer, toClient }

    /// What the proxy does to every connection, those that are open and those to come.
    public struct Faults: Sendable {
        /// Pieces of 1, 2, … and at most this many bytes pass one after the other, instead of what has come.
        public var largestPiece: Int?
        /// How long each piece is held back. Pieces of a ``largestPiece`` are always held back a little, so that the
        /// receiver sees them apart.
        public var delay = Duration.zero
        /// Where nothing passes for now, while the connections stay open.
        public var frozen: Set<Direction> = []
        /// A connection is cut as soon as this many of its bytes have passed, counted from its beginning.
        public var cutAfter: [Direction: Int] = [:]
        /// What the client hears in place of the server's next bytes, before the connection is cut: as from a pooler that
        /// has lost its server.
        public var lastWords: [UInt8]?
        /// Whether new connections are closed at once.
        public var refusesConnections = false

        public init() {}
    }

    /// What passed on one connection, counted as it came from either side.
    public struct Conversation: Sendable {
        public internal(set) var bytesToServer = 0
        public internal(set) var bytesToClient = 0
        /// How many messages the client sent, by the letter of their type: `S` is Sync, `Q` a simple query.
        public var messages: [Character: Int] { parser.counts }
        public var isCancelRequest: Bool { parser.isCancelRequest }
        /// How many times the client spoke after the server had, or first of all: its round trips, with those that
        /// opened the session. What is more than a socket's buffer, or a Terminate, counts too.
        public internal(set) var turns = 0
        /// How many bytes had come from each side when the last turn began.
        public internal(set) var beforeLastTurn = (toServer: 0, toClient: 0)
        public internal(set) var isOpen = true
        /// Where bytes were seen last that a frozen direction keeps from passing.
        public internal(set) var heldBack: Direction?

        var parser = FrontendMessages()
        private var clientSpokeLast = false

        mutating func note(_ bytes: ArraySlice<UInt8>, going direction: Direction) {
            switch direction {
            case .toServer:
                if !clientSpokeLast {
                    turns += 1
                    beforeLastTurn = (bytesToServer, bytesToClient)
                }
                bytesToServer += bytes.count
                parser.read(bytes)
            case .toClient: bytesToClient += bytes.count
            }
            clientSpokeLast = direction == .toServer
        }
    }

    /// A call to the operating system failed.
    public struct Failure: Error {
        public let call: String
        public let number: Int32
    }

    /// What the thread and its owner share.
    struct State {
        var faults = Faults()
        var mustCut = false
        var isStopped = false
        /// The newest thousand.
        var conversations: [Int: Conversation] = [:]
    }

    /// The folder of the Unix socket, as libpq takes for its host.
    public let host: String
    /// The port at 127.0.0.1.
    public let port: Int?
    let server: String
    let state = Mutex(State())
    /// A byte into the second wakes the thread, which polls the first.
    let alarm: (read: Int32, write: Int32)

    /// - Parameter server: the folder of the server's Unix socket.
    public init(to server: String = TestServer.frontHost, listensOnTCP: Bool = false) throws {
        self.server = server
        host = "/tmp/proxy-\(getpid())-\(UInt32.random(in: .min ... .max))"
        alarm = try Sockets.pair()
        var listeners: [Int32] = []
        do {
            guard mkdir(host, 0o700) == 0 else { throw Failure(call: "mkdir", number: errno) }
            listeners.append(try Sockets.listen(atPath: Sockets.path(in: host)))
            if listensOnTCP { listeners.append(try Sockets.listenOnLoopback()) }
            port = listensOnTCP ? try Sockets.port(of: listeners[1]) : nil
        } catch {
            for listener in listeners { close(listener) }
            Self.removeFolder(host)
            throw error
        }
        Thread.detachNewThread { [listeners] in
            var loop = ProxyLoop(proxy: self, listeners: listeners)
            loop.run()
        }
    }

    deinit {
        close(alarm.read)
        close(alarm.write)
    }

    /// The URL with this proxy's Unix socket instead of its host.
    public func url(_ url: String) -> String { url + (url.contains("?") ? "&" : "?") + "host=\(host)" }

    /// The URL with this proxy's port instead of its host; `nil` when it does not listen there.
    public func tcpURL(_ url: String) -> String? {
        port.map { url + (url.contains("?") ? "&" : "?") + "host=127.0.0.1&port=\($0)" }
    }

    /// Changes what happens from now on.
    public func change(_ body: @Sendable (inout Faults) -> Void) {
        state.withLock { body(&$0.faults) }
        wake()
    }

    /// Closes every connection now, whatever is on its way.
    public func cutAll() {
        state.withLock { $0.mustCut = true }
        wake()
    }

    /// The connections so far, the oldest of at most a thousand first.
    public var conversations: [Conversation] {
        state.withLock { $0.conversations.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Closes everything and removes the socket.
    public func stop() {
        state.withLock { $0.isStopped = true }
        wake()
        Self.removeFolder(host)
    }

    private func wake() {
        // A full socket wakes as well.
        _ = withUnsafeBytes(of: UInt8(1)) { send(alarm.write, $0.baseAddress, 1, Int32(MSG_NOSIGNAL)) }
    }

    private static func removeFolder(_ folder: String) {
        unlink(Sockets.path(in: folder))
        rmdir(folder)
    }
}

/// Lends a proxy and stops it.
public func withFaultyProxy<Result>(
    to server: String = TestServer.frontHost, listensOnTCP: Bool = false, _ body: (FaultyProxy) async throws -> Result
) async throws -> Result {
    let proxy = try FaultyProxy(to: server, listensOnTCP: listensOnTCP)
    defer { proxy.stop() }
    return try await body(proxy)
}
