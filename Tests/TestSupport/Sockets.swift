import Glibc

/// The operating system's sockets as the proxy needs them; none of them blocks, and no child inherits them.
enum Sockets {
    private static let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    /// Where a server whose host is this folder listens.
    static func path(in folder: String) -> String { folder + "/.s.PGSQL.5432" }

    static func pair() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        try check("socketpair", socketpair(AF_UNIX, kind, 0, &ends))
        return (ends[0], ends[1])
    }

    static func listen(atPath path: String) throws -> Int32 {
        try open(AF_UNIX) { socket in
            try withUnixAddress(path) { try check("bind", bind(socket, $0, $1)) }
            try check("listen", Glibc.listen(socket, 128))
        }
    }

    static func connect(toPath path: String) throws -> Int32 {
        try open(AF_UNIX) { socket in
            try withUnixAddress(path) { try check("connect", Glibc.connect(socket, $0, $1)) }
        }
    }

    /// Listens at a free port of 127.0.0.1, or at this one.
    static func listenOnLoopback(port: UInt16 = 0) throws -> Int32 {
        try open(AF_INET) { socket in
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
            address.sin_port = port.bigEndian
            try withUnsafePointer(to: address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    try check("bind", bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)))
                }
            }
            try check("listen", Glibc.listen(socket, 128))
        }
    }

    /// A port of 127.0.0.1 where nobody listens, outside the range that the system hands to clients.
    static func freePort() throws -> Int {
        var last: any Error = FaultyProxy.Failure(call: "bind", number: EADDRINUSE)
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<30_000)
            do {
                close(try listenOnLoopback(port: port))
                return Int(port)
            } catch { last = error }
        }
        throw last
    }

    static func port(of socket: Int32) throws -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try check("getsockname", getsockname(socket, $0, &length))
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The next client of a listener, `nil` when none waits.
    static func accept(from listener: Int32) -> Int32? {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return nil }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        // Small pieces leave at once; a Unix socket knows no such option, and needs none.
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        return socket
    }

    private static func open(_ family: Int32, _ body: (Int32) throws -> Void) throws -> Int32 {
        let socket = Glibc.socket(family, kind, 0)
        guard socket >= 0 else { throw FaultyProxy.Failure(call: "socket", number: errno) }
        do { try body(socket) } catch {
            close(socket)
            throw error
        }
        return socket
    }

    private static func withUnixAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw FaultyProxy.Failure(call: "bind", number: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try withUnsafePointer(to: address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func check(_ call: String, _ result: Int32) throws {
        guard result == 0 else { throw FaultyProxy.Failure(call: call, number: errno) }
    }
}
