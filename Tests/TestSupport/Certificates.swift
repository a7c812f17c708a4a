/// Certificates for tests, made anew by `openssl` for each test process.
public struct Certificates: Sendable {
    /// A server's certificate with its private key.
    public struct Server: Sendable {
        let certificate: String
        let key: String
    }

    /// The file of the root certificate that signed ``localhost`` and ``otherHost``.
    public let root: String
    /// The file of a root certificate that signed nothing.
    public let otherRoot: String
    /// Of the host `localhost`.
    public let localhost: Server
    /// Of a host that is not this one.
    public let otherHost: Server

    private static let made = Task { try await Certificates() }

    public static var shared: Certificates { get async throws { try await made.value } }

    private init() async throws {
        let folder = try await OwnServerFolder.shared.value.unused()
        let root = try await Self.make("root", in: folder, ["-addext", "keyUsage=critical,keyCertSign"])
        self.root = root.certificate
        otherRoot = try await Self.make("other-root", in: folder, []).certificate
        let signed = ["-CA", root.certificate, "-CAkey", root.key, "-addext", "basicConstraints=critical,CA:FALSE"]
        localhost = try await Self.make("localhost", in: folder, signed + ["-addext", "subjectAltName=DNS:localhost"])
        otherHost = try await Self.make(
            "other-host", in: folder, signed + ["-addext", "subjectAltName=DNS:elsewhere.invalid"])
    }

    private static func make(_ name: String, in folder: String, _ arguments: [String]) async throws -> Server {
        let server = Server(certificate: "\(folder)/\(name).crt", key: "\(folder)/\(name).key")
        try await Tool.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=mehvar test \(name)", "-keyout", server.key, "-out", server.certificate,
            ] + arguments)
        return server
    }
}
