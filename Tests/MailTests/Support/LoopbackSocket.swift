import Foundation

#if canImport(Glibc)
    import Glibc
    private let streamType = Int32(SOCK_STREAM.rawValue)
#else
    import Darwin
    private let streamType = SOCK_STREAM
#endif

/// A blocking TCP connection, read by lines.
final class LoopbackSocket {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// A listening socket on a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, streamType, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failure = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) != 0 || systemListen(descriptor) != 0
                    || getsockname(descriptor, address, &length) != 0
            }
        }
        guard descriptor >= 0, !failure else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port on which nothing listens.
    static func freePort() throws -> Int {
        let (descriptor, port) = try listen()
        _ = systemClose(descriptor)
        return port
    }

    func close() {
        _ = systemClose(descriptor)
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next line without its CRLF; `nil` at the end.
    func readLine() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end].filter { $0 != 0x0D }, as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    /// The message up to the final dot, with the dots that SMTP adds taken away.
    func readContent() -> [UInt8]? {
        var content: [UInt8] = []
        while true {
            while let end = buffer.firstIndex(of: 0x0A) {
                let line = buffer[...end]
                buffer.removeSubrange(...end)
                if line.elementsEqual(".\r\n".utf8) { return content }
                content += line.first == UInt8(ascii: ".") ? line.dropFirst() : line
            }
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { chunk, count in
            count = max(0, recv(descriptor, chunk.baseAddress, 65536, 0))
        }
        buffer += chunk
        return !chunk.isEmpty
    }
}

private func systemListen(_ descriptor: Int32) -> Int32 { listen(descriptor, 64) }
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
