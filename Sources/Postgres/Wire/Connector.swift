import CLibPQ

/// Makes connections. Looking up names, the handshakes of TLS and SCRAM and reading key files block in libpq, so each
/// attempt has a thread of its own.
enum Connector {
    /// `@unchecked Sendable`: handed from the thread that made it to the session that owns it.
    struct Handle: @unchecked Sendable { let pointer: OpaquePointer? }

    /// An established connection in non-blocking mode.
    static func connect(_ configuration: Configuration, timeouts: Bool) async throws -> OpaquePointer {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        let conninfo = try ConnectionString(configuration.url)
        let parameters = parameters(configuration, conninfo, timeouts: timeouts)
        let call = BlockingCall {
            withCStrings(parameters.map(\.0)) { keywords in
                withCStrings(parameters.map(\.1)) { values in
                    Handle(pointer: PQconnectdbParams(keywords, values, 1))
                }
            }
        } dispose: {
            PQfinish($0.pointer)
        }
        guard let call else { throw PostgresError(.connection("no thread to connect with")) }
        let deadline = Moment.now + configuration.connectTimeout * conninfo.hosts
        let (handle, outcome) = await call.wait(until: deadline, heedsCancellation: true)
        guard let handle else {
            call.abandon()
            throw PostgresError(outcome == .cancelled ? .cancelled : .deadline)
        }
        guard let connection = handle.pointer else { throw PostgresError(.connection("out of memory")) }
        guard PQstatus(connection) == CONNECTION_OK, PQsetnonblocking(connection, 1) == 0 else {
            defer { PQfinish(connection) }
            throw PostgresError(.connection(complaint(of: connection)))
        }
        return connection
    }

    /// Names hosts, role and database, and never the password.
    private static func complaint(of connection: OpaquePointer) -> String {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return text.isEmpty ? "no reason given" : text.split(separator: "\n").joined(separator: "; ")
    }

    private static func parameters(
        _ configuration: Configuration, _ conninfo: ConnectionString, timeouts: Bool
    ) -> [(String, String)] {
        var pairs = [("dbname", configuration.url)]
        if let user = configuration.user { pairs.append(("user", user)) }
        pairs.append(("application_name", configuration.applicationName))
        pairs.append(("client_encoding", "UTF8"))
        let seconds = configuration.connectTimeout.components.seconds
        pairs.append(("connect_timeout", String(min(max(seconds, 2), 1_000_000))))
        // A pooler does not hand start-up settings on to the server; there they travel with each transaction.
        if timeouts, configuration.statementMode == .prepared {
            var options = "-c statement_timeout=\(configuration.statementTimeout.wholeMilliseconds)"
            if let lock = configuration.lockTimeout { options += " -c lock_timeout=\(lock.wholeMilliseconds)" }
            // What the URL says comes later, so that it wins.
            pairs.append(("options", conninfo.options.isEmpty ? options : options + " " + conninfo.options))
        }
        return pairs
    }
}

extension Configuration {
    /// The server's second line: a little later than the client's own deadline, which is the gentler one.
    var statementTimeout: Duration { transactionTimeout + .seconds(1) }
}

/// What has to be known of a connection string before libpq uses it.
private struct ConnectionString {
    /// How many hosts may be tried.
    let hosts: Int
    let options: String

    /// libpq's complaint about an unreadable string quotes it, password and all: it is not passed on.
    init(_ url: String) throws {
        let isPlainName = !url.contains("=") && !url.hasPrefix("postgresql://") && !url.hasPrefix("postgres://")
        var values = Self.values(PQconndefaults())
        if !isPlainName {
            guard let options = PQconninfoParse(url, nil) else {
                throw PostgresError(.connection("the connection string cannot be read"))
            }
            values.merge(Self.values(options)) { _, named in named }
        }
        let host = values["host"] ?? values["hostaddr"] ?? ""
        hosts = host.split(separator: ",", omittingEmptySubsequences: false).count
        self.options = values["options"] ?? ""
    }

    private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
        guard let options else { return [:] }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }
}
