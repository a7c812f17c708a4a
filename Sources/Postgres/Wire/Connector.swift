import CLibPQ
import Glibc

/// Makes connections. Looking up names, the handshakes of TLS and SCRAM and reading key files block in libpq, so each
/// attempt has a thread of its own.
///
/// The hosts of a connection string are tried one after the other, each within the configuration's `connectTimeout`:
/// libpq itself would wait for a host that takes the connection and then says nothing.
enum Connector {
    /// An established connection in non-blocking mode.
    ///
    /// - Parameter timeouts: whether the server watches the configuration's time limits too.
    static func connect(_ configuration: Configuration, timeouts: Bool) async throws -> OpaquePointer {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        let target = try ConnectionString(configuration.url)
        var failures: [PostgresError] = []
        for host in target.attempts {
            do {
                return try await connect(parameters(configuration, target, host, timeouts: timeouts), configuration)
            } catch let error as PostgresError where error.reason != .cancelled {
                failures.append(error)
                // The others would refuse the role or the database too.
                if !error.isUnavailable { break }
            }
        }
        guard failures.count > 1, let last = failures.last else {
            throw failures.first ?? PostgresError(.connection("no host"))
        }
        let all = failures.map { error in
            if case .connection(let why) = error.reason { return why }
            return "\(error)"
        }
        throw PostgresError(.connection(all.joined(separator: "; ")), report: last.report)
    }

    private static func connect(
        _ parameters: [(String, String)], _ configuration: Configuration
    ) async throws -> OpaquePointer {
        let deadline = Moment.now + configuration.connectTimeout
        let call = BlockingCall {
            open(parameters, until: deadline)
        } dispose: {
            PQfinish($0.pointer)
        }
        guard let call else { throw PostgresError(.connection("no thread to connect with")) }
        let (handle, outcome) = await call.wait(until: deadline, heedsCancellation: true)
        guard let handle else {
            call.abandon()
            throw PostgresError(outcome == .cancelled ? .cancelled : .deadline)
        }
        guard let connection = handle.pointer else { throw PostgresError(.connection("out of memory")) }
        if PQstatus(connection) == CONNECTION_OK, PQsetnonblocking(connection, 1) == 0 {
            PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
            return connection
        }
        defer { PQfinish(connection) }
        if handle.isLate { throw PostgresError(.deadline) }
        throw refusal(of: connection)
    }

    /// `@unchecked Sendable`: handed from the thread that made it to the session that owns it.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer?
        var isLate = false
    }

    /// Connects, blocking the thread.
    private static func open(_ parameters: [(String, String)], until deadline: Moment) -> Handle {
        let started = withCStrings(parameters.map(\.0)) { keywords in
            withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let started else { return Handle(pointer: nil) }
        // The only way in which libpq tells the SQLSTATE of a refusal.
        PQsetErrorVerbosity(started, PQERRORS_VERBOSE)
        // Notices of the server before anybody can take them, such as that of a collation's version, are no errors.
        PQsetNoticeReceiver(started, { _, _ in }, nil)
        var events = Int16(POLLOUT)
        while PQstatus(started) != CONNECTION_BAD {
            let patience = (deadline - .now).wholeMilliseconds
            var socket = pollfd(fd: PQsocket(started), events: events, revents: 0)
            if deadline <= .now { return Handle(pointer: started, isLate: true) }
            guard poll(&socket, 1, Int32(min(patience, 60_000))) > 0 else { continue }
            switch PQconnectPoll(started) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: return Handle(pointer: started)
            }
        }
        return Handle(pointer: started)
    }

    /// Names hosts, role and database, and never the password.
    private static func refusal(of connection: OpaquePointer) -> PostgresError {
        let lines = PQerrorMessage(connection).map { String(cString: $0) }?.split(separator: "\n") ?? []
        var text = lines.filter { !$0.hasPrefix("LOCATION: ") }
            .map { $0.drop { $0 == "\t" } }.joined(separator: "; ")
        // "… FATAL:  28P01: password authentication failed …"; the severity may be translated.
        guard let found = text.firstMatch(of: /: {2}([0-9A-Z]{5}):\s/) else {
            return PostgresError(.connection(text.isEmpty ? "no reason given" : text))
        }
        let state = SQLState(rawValue: String(found.1))
        text.replaceSubrange(found.range, with: ": ")
        return PostgresError(
            .connection(text), report: ServerReport(severity: "FATAL", state: state, message: text))
    }

    private static func parameters(
        _ configuration: Configuration, _ target: ConnectionString, _ host: ConnectionString.Host, timeouts: Bool
    ) -> [(String, String)] {
        var pairs = [("dbname", configuration.url)]
        if let user = configuration.user { pairs.append(("user", user)) }
        pairs.append(("application_name", configuration.applicationName))
        pairs.append(("client_encoding", "UTF8"))
        pairs += host.parameters
        // A pooler does not hand start-up settings on to the server; there they travel with each transaction.
        if timeouts, configuration.statementMode == .prepared {
            var options = "-c statement_timeout=\(configuration.statementTimeout.wholeMilliseconds)"
            if let lock = configuration.lockTimeout { options += " -c lock_timeout=\(lock.wholeMilliseconds)" }
            // What the URL says comes later, so that it wins.
            pairs.append(("options", target.options.isEmpty ? options : options + " " + target.options))
        }
        return pairs
    }
}

extension Configuration {
    /// The server's second line: a little later than the client's own deadline, which is the gentler one.
    var statementTimeout: Duration { transactionTimeout + .seconds(1) }
}
