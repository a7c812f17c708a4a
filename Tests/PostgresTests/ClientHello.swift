import Glibc

@testable import Postgres

/// A TCP port that goes along with one client's wish for TLS and takes in how it greets, which is in plain text.
final class ClientHello: Sendable {
    let port: UInt16
    private let listener: Int32

    struct Failure: Error { let number: Int32 }

    init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 1) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(number: errno) }
        listener = socket
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    /// What the next client says once it may go over to TLS.
    func next() async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            _ = startThread { continuation.resume(with: Result { try self.taken() }) }
        }
    }

    private func taken() throws -> [UInt8] {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { throw Failure(number: errno) }
        defer { close(client) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard recv(client, &bytes, 8, Int32(MSG_WAITALL)) == 8, send(client, "S", 1, Int32(MSG_NOSIGNAL)) == 1 else {
            throw Failure(number: errno)
        }
        let count = recv(client, &bytes, bytes.count, 0)
        guard count > 0 else { throw Failure(number: errno) }
        return Array(bytes[..<count])
    }
}
