import TestSupport
import Testing

@testable import Postgres

/// What a connection string can ask for. The server is the suite's own, with no pooler in between.
@Suite(
    .enabled(if: !TestServer.isPooled),
    .ownServer { OwnServer.Options(certificate: try await Certificates.shared.localhost) })
struct ConnectingTests {
    /// A TCP connection string of `postgres`, with its password, and whatever else is to be in it.
    private func string(_ server: OwnServer, host: String = "localhost", _ more: String = "") throws -> String {
        "dbname=postgres user=postgres host=\(host) port=\(try #require(server.port)) "
            + "password='\(escaped(OwnServer.password))' \(more)"
    }

    private func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }

    private func configuration(_ string: String) -> Configuration {
        Configuration(url: string, applicationName: "connecting-tests", connectTimeout: .seconds(5))
    }

    private static let isEncrypted = Statement(
        "test.tls", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", one: { try $0.next(Bool.self) })

    private func expectTLS(_ string: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let isEncrypted = try await Connection.with(configuration(string)) { try await $0.run(Self.isEncrypted) }
        #expect(isEncrypted, sourceLocation: sourceLocation)
    }

    private func expectSession(_ string: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let backend = try await Connection.with(configuration(string)) { try await $0.run(Queries.backend) }
        #expect(backend > 0, sourceLocation: sourceLocation)
    }

    /// Expects that no connection comes about, and that the error says why without telling the password.
    private func expectRefusal(
        _ string: String, _ why: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let error = try await failure(sourceLocation: sourceLocation) {
            try await Connection.with(configuration(string)) { _ in }
        }
        #expect(error.description.contains(why), "\(error)", sourceLocation: sourceLocation)
        for told in ["\(error)", "\(error.reason)", error.report?.message ?? ""] {
            #expect(!told.contains("p4ss") && !told.contains("wrong"), sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: ["require", "verify-ca", "verify-full"])
    func `a server with the right certificate is taken`(_ mode: String) async throws {
        let root = try await Certificates.shared.root
        try await expectTLS(string(OwnServerTrait.server, "sslmode=\(mode) sslrootcert=\(root)"))
    }

    @Test func `the server's name counts for verify-full alone`() async throws {
        let root = try await Certificates.shared.root
        // The certificate names localhost, not its address.
        let address = try string(OwnServerTrait.server, host: "127.0.0.1", "sslrootcert=\(root)")
        try await expectTLS(address + " sslmode=verify-ca")
        try await expectRefusal(address + " sslmode=verify-full", "does not match host name \"127.0.0.1\"")
        try await withOwnServer(.init(certificate: try await Certificates.shared.otherHost)) { server in
            let string = try string(server, "sslrootcert=\(root)")
            try await expectTLS(string + " sslmode=verify-ca")
            try await expectRefusal(string + " sslmode=verify-full", "does not match host name \"localhost\"")
        }
    }

    @Test(arguments: ["verify-ca", "verify-full"])
    func `a certificate that another root signed is refused`(_ mode: String) async throws {
        let root = try await Certificates.shared.otherRoot
        try await expectRefusal(
            string(OwnServerTrait.server, "sslmode=\(mode) sslrootcert=\(root)"), "certificate verify failed")
    }

    @Test func `a connection without TLS is refused where TLS is demanded`() async throws {
        try await expectRefusal(string(OwnServerTrait.server, "sslmode=disable"), "no encryption")
        try await withOwnServer(.init(listensOnTCP: true)) { server in
            try await expectRefusal(string(server, "sslmode=require"), "does not support SSL")
        }
    }

    @Test func `a wrong password is refused and never told`() async throws {
        let right = try string(OwnServerTrait.server, "sslmode=require")
        try await expectTLS(right)
        // The last one counts.
        try await expectRefusal(right + " password=wrong-p4ss", "password authentication failed")
        try await expectRefusal(right + " password=''", "no password supplied")
        try await expectRefusal(right + " user=nobody", "password authentication failed")
        for unreadable in [right + " password='", right + " nonsense=1", "postgresql://postgres:p4ss@[::1/postgres"] {
            try await expectRefusal(unreadable, "cannot be read")
        }
    }

    /// So that a proxy can tell the servers apart. (RFC 6066, section 3: a name of type 0, never an address.)
    @Test(arguments: ["localhost", "127.0.0.1"])
    func `the greeting of TLS carries the server's name, but no address`(_ host: String) async throws {
        let hello = try ClientHello()
        let port = hello.port
        async let refused = failure {
            try await Connection.with(configuration("host=\(host) port=\(port) sslmode=require user=u")) { _ in }
        }
        let greeting = try await hello.next()
        _ = try await refused
        let name = [0, 0, UInt8(host.utf8.count)] + Array(host.utf8)
        #expect(greeting.ranges(of: name).isEmpty == (host != "localhost"))
    }

    @Test func `a password in a URL is read as URLs are`() async throws {
        let server = try OwnServerTrait.server
        let place = "localhost:\(try #require(server.port))/postgres?sslmode=require"
        try await expectTLS("postgresql://postgres:p4ss%20word%2F%C3%BC%27%5C@\(place)")
        try await expectRefusal("postgresql://postgres:wrong-p4ss@\(place)", "password authentication")
    }

    @Test(arguments: ["disable", "require"])
    func `a session that the server ended while it idled is not lent again`(_ mode: String) async throws {
        let server = try OwnServerTrait.server
        var configuration = configuration(
            mode == "require"
                ? try string(server, "sslmode=require")
                : "dbname=postgres user=postgres host=\(server.host) port=\(try #require(server.port))")
        configuration.checkAfter = .zero
        configuration.maximumConnections = 1
        let observer = server.configuration()
        try await withPool(configuration) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            try await Connection.with(observer) { connection in
                _ = try await connection.run(Queries.terminate(backend))
                try await eventually { try await !connection.run(Queries.lives(backend)) }
            }
            #expect(try await pool.pipeline(Queries.backend) != backend)
            #expect(pool.statistics.discarded == 1)
        }
    }

    @Test func `a host that is dead gives way to the next`() async throws {
        let server = try OwnServerTrait.server
        let port = try #require(server.port)
        for dead in ["127.0.0.1", "/tmp/no/such/folder"] {
            let string = "dbname=postgres user=postgres host=\(dead),\(server.host) port=1,\(port)"
            try await expectSession(string)
        }
        try await expectRefusal("dbname=postgres user=postgres host=127.0.0.1,127.0.0.1 port=1,2", "refused")
    }

    @Test func `a host that takes the connection and says nothing gives way to the next`() async throws {
        let server = try OwnServerTrait.server
        let (silent, silentHost) = try SilentServer.start()
        defer { silent.stop() }
        let string =
            "dbname=postgres user=postgres host=\(silentHost),\(server.host) port=5432,\(try #require(server.port)) "
            + "connect_timeout=2"
        try await expectSession(string)
    }

    @Test func `of a primary and a standby the one that is asked for is taken`() async throws {
        let server = try OwnServerTrait.server
        let port = try #require(server.port)
        try await withOwnServer(.init(isStandby: true)) { standby in
            let (first, second) = ((standby.host, 5432), (server.host, port))
            for (attributes, isStandby) in [
                ("any", true), ("read-write", false), ("read-only", true), ("primary", false), ("standby", true),
                ("prefer-standby", true),
            ] {
                #expect(try await isInRecovery([first, second], attributes) == isStandby, "\(attributes)")
            }
            for attributes in ["standby", "prefer-standby", "read-only"] {
                #expect(try await isInRecovery([second, first], attributes), "\(attributes)")
            }
            // Without a standby, any.
            #expect(try await !isInRecovery([second, second], "prefer-standby"))
            let alone = "dbname=postgres user=postgres host=\(standby.host) target_session_attrs="
            try await expectRefusal(alone + "read-write", "read-only")
            try await expectRefusal(alone + "primary", "hot standby")
            try await expectRefusal(
                "dbname=postgres user=postgres host=\(server.host) port=\(port) target_session_attrs=standby",
                "not in hot standby")
        }
    }

    /// Which of the servers a connection leads to.
    private func isInRecovery(_ servers: [(host: String, port: Int)], _ attributes: String) async throws -> Bool {
        let hosts = servers.map(\.host).joined(separator: ",")
        let ports = servers.map { String($0.port) }.joined(separator: ",")
        let string = "dbname=postgres user=postgres host=\(hosts) port=\(ports) target_session_attrs=\(attributes)"
        return try await Connection.with(configuration(string)) { connection in
            try await connection.run(
                Statement("test.recovery", "SELECT pg_is_in_recovery()", one: { try $0.next(Bool.self) }))
        }
    }
}
