import Foundation
import Glibc

/// A Unix socket that accepts connections and never says anything.
struct SilentServer {
    private let socket: Int32
    private let folder: String

    struct Failure: Error { let number: Int32 }

    /// Starts the server and gives the folder that libpq takes as its host.
    static func start() throws -> (SilentServer, host: String) {
        let folder = "/tmp/silent-\(getpid())-\(UInt32.random(in: .min ... .max))"
        guard mkdir(folder, 0o700) == 0 else { throw Failure(number: errno) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/.s.PGSQL.5432".utf8) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(socket, 16) == 0 else { throw Failure(number: errno) }
        return (SilentServer(socket: socket, folder: folder), folder)
    }

    func stop() {
        close(socket)
        unlink("\(folder)/.s.PGSQL.5432")
        rmdir(folder)
    }
}
