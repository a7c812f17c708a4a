import Foundation
import Glibc
public import Postgres
import Subprocess

/// A PostgreSQL server of one test, which may do with it what it likes.
///
/// It is reached by a Unix socket as any role, without a password (who may reach the socket's folder), and at ``port`` of
/// 127.0.0.1, if it has one, with a password. It survives no power cut.
public struct OwnServer: Sendable {
    public struct Options: Sendable {
        /// Lines for postgresql.conf.
        public var settings: [String] = []
        /// Whether to listen at a free port of 127.0.0.1.
        public var listensOnTCP = false
        /// The certificate with which to offer TLS at the port, which then takes nothing else.
        public var certificate: Certificates.Server?
        /// Whether the server is in recovery for ever, as a standby is, though it follows no other.
        public var isStandby: Bool

        public init(
            settings: [String] = [], listensOnTCP: Bool = false, certificate: Certificates.Server? = nil,
            isStandby: Bool = false
        ) {
            self.settings = settings
            self.listensOnTCP = listensOnTCP || certificate != nil
            self.certificate = certificate
            self.isStandby = isStandby
        }
    }

    public enum Shutdown: String, Sendable {
        /// Ends every session and writes everything down.
        case fast
        /// Ends as in a crash; the next start recovers.
        case immediate
    }

    /// The password of `postgres`, of characters that want care.
    public static let password = "p4ss word/ü'\\"

    /// The folder of the Unix socket, as libpq takes for its host.
    public let host: String
    /// The port at 127.0.0.1, and the number in the socket's name.
    public let port: Int?
    private let data: String

    /// Makes a server that is not started yet, in a folder that goes with this process at the latest.
    static func create(_ options: Options) async throws -> OwnServer {
        let folder = try await OwnServerFolder.shared.value.unused()
        let server = OwnServer(
            host: folder, port: options.listensOnTCP ? try Sockets.freePort() : nil, data: folder + "/data")
        try await Tool.run(
            "cp", ["-a", "--reflink=auto", try await OwnServerFolder.initialised.value, server.data])
        try await server.configure(options)
        return server
    }

    private func configure(_ options: Options) async throws {
        var lines = [
            "listen_addresses = '\(port == nil ? "" : "127.0.0.1")'", "port = \(port ?? 5432)",
            "unix_socket_directories = '\(host)'", "fsync = off", "full_page_writes = off", "max_wal_senders = 0",
            "shared_buffers = 16MB", "autovacuum = off",
        ]
        // Nobody else may enter the socket's folder.
        var access = ["local all all trust"]
        if let certificate = options.certificate {
            lines += ["ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'"]
            try await OwnServerFolder.install(certificate.certificate, as: data + "/server.crt")
            try await OwnServerFolder.install(certificate.key, as: data + "/server.key")
        }
        if options.isStandby {
            // A standby may have no fewer of them than the server of its data, which was `initdb`'s.
            lines += ["hot_standby = on", "max_wal_senders = 10"]
            try await OwnServerFolder.install("/dev/null", as: data + "/standby.signal")
        }
        access.append("\(options.certificate == nil ? "host" : "hostssl") all all 127.0.0.1/32 scram-sha-256")
        try append(lines + options.settings, to: "postgresql.conf")
        try Data((access.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: data + "/pg_hba.conf"))
    }

    /// The file stays the server's, even when root writes it.
    private func append(_ lines: [String], to file: String) throws {
        let handle = try FileHandle(forWritingTo: URL(filePath: data + "/" + file))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        try handle.close()
    }

    /// The libpq URL by the Unix socket as the superuser.
    public func url(database: String = "postgres") -> String {
        "postgresql:///\(database)?host=\(host)&user=postgres" + (port.map { "&port=\($0)" } ?? "")
    }

    public func configuration(maximumConnections: Int = 4) -> Postgres.Configuration {
        Configuration(
            url: url(), applicationName: "own-server", maximumConnections: maximumConnections,
            acquireTimeout: .seconds(60), connectTimeout: .seconds(60))
    }

    /// Runs a script in the database `postgres` as the superuser.
    public func execute(_ script: String) async throws {
        try await Connection.with(configuration()) { try await $0.execute(script: script, name: "test") }
    }

    /// Starts the server and returns when it takes connections.
    public func start() async throws {
        try await eventually(within: .seconds(60)) { !hasOrphans }
        do { try await control(["start", "-l", data + "/log"]) } catch {
            let log = try String(contentsOfFile: data + "/log", encoding: .utf8)
            throw Tool.Failure(description: "\(error)\n\(log.suffix(2000))")
        }
    }

    /// Returns when the server has ended.
    public func stop(_ shutdown: Shutdown = .fast) async throws {
        try await control(["stop", "-m", shutdown.rawValue])
    }

    public func restart(_ shutdown: Shutdown = .fast) async throws {
        try await stop(shutdown)
        try await start()
    }

    /// Kills the server as the kernel does when memory runs out; its sessions end a little later by themselves.
    public func kill() {
        if let postmaster { Glibc.kill(postmaster, SIGKILL) }
    }

    /// Whether processes of a killed server are still there, beside which none can start.
    private var hasOrphans: Bool {
        guard let leader = postmaster else { return false }
        let files = FileManager.default
        let processes = (try? files.contentsOfDirectory(atPath: "/proc")) ?? []
        return Glibc.kill(leader, 0) == 0
            || processes.contains { process in
                // One that has ended meanwhile has no folder any more.
                Int(process) != nil && (try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")) == data
            }
    }

    /// The server that runs, or was killed.
    private var postmaster: Int32? {
        let file = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
        return file?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    private func control(_ arguments: [String]) async throws {
        let program = try OwnServerFolder.program("pg_ctl")
        try await OwnServerFolder.asServer([program, "-s", "-w", "-t", "60", "-D", data] + arguments)
    }

    /// Ends the server, if it runs, and removes its files.
    func remove() async throws {
        if let postmaster, Glibc.kill(postmaster, 0) == 0 { try await stop(.immediate) }
        try FileManager.default.removeItem(atPath: host)
    }
}

/// Lends a server of its own to the closure, started, and removes it afterwards, also when the closure throws.
public func withOwnServer<Result>(
    _ options: OwnServer.Options = .init(), _ body: (OwnServer) async throws -> Result
) async throws -> Result {
    let server = try await OwnServer.create(options)
    do {
        try await server.start()
        let result = try await body(server)
        try await server.remove()
        return result
    } catch {
        // The error of the test matters more than one of cleaning up after it.
        do { try await server.remove() } catch { print("cannot remove the server in \(server.host): \(error)") }
        throw error
    }
}
