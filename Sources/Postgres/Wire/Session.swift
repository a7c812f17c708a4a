import CLibPQ
import Glibc

/// One libpq connection, always in non-blocking and, between COPYs, pipeline mode.
///
/// `@unchecked Sendable`: it is used by one task at a time, the one that the pool or `Connection` lent it to; handing
/// it over goes through the pool's mutex.
final class Session: @unchecked Sendable {
    let connection: OpaquePointer
    let configuration: Configuration
    let openedAt = Moment.now
    private let place = Poller.shared.open()
    /// When the present lending has to be over.
    var deadline = Moment.never
    /// Whether the task's cancellation ends a wait; not while cleaning up.
    private var heedsCancellation = true
    /// Set when the protocol's state is not known any more: the session must be closed, not lent again.
    private(set) var isBroken = false
    private var isOpen = false
    /// Whether a wait that must end may still ask the server to stop and wait for its answer.
    private var mayAskToStop = false
    /// Why the server was asked to stop, and the request.
    private var interruption: (reason: PostgresError.Reason, canceller: Canceller)?
    var prepared = PreparedStatements()
    /// Whether the last ``run(_:)`` failed after its COMMIT may have reached the server and without the server's refusal.
    var commitIsUnknown = false
    /// Round trips made so far.
    var roundTrips = 0

    /// How long the server may take to answer when it was asked to stop or to roll back.
    private static let grace = Duration.seconds(2)

    private init(connection: OpaquePointer, configuration: Configuration) {
        self.connection = connection
        self.configuration = configuration
    }

    deinit {
        Poller.shared.close(place)
        PQfinish(connection)
    }

    // MARK: Opening

    static func open(_ configuration: Configuration) async throws -> Session {
        try check(configuration.url)
        let keywords = ["dbname", "user", "application_name", "client_encoding"]
        let values = [configuration.url, configuration.user ?? "", configuration.applicationName, "UTF8"]
        let pairs = zip(keywords, values).filter { !$0.1.isEmpty }
        let started = withCStrings(pairs.map(\.0)) { keywords in
            withCStrings(pairs.map(\.1)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let started else { throw PostgresError(.connection("out of memory")) }
        let session = Session(connection: started, configuration: configuration)
        session.deadline = .now + configuration.connectTimeout
        PQsetNoticeReceiver(
            started,
            { context, result in
                guard let context, let result else { return }
                let session = Unmanaged<Session>.fromOpaque(context).takeUnretainedValue()
                session.configuration.onNotice?(ServerReport(result))
            }, Unmanaged.passUnretained(session).toOpaque())
        try await session.connect()
        guard PQsetnonblocking(started, 1) == 0, PQenterPipelineMode(started) == 1 else {
            throw session.broken()
        }
        session.isOpen = true
        session.deadline = .never
        return session
    }

    /// libpq's complaint about an unreadable connection string quotes it, password and all: it is not passed on.
    private static func check(_ url: String) throws {
        let isPlainName = !url.contains("=") && !url.hasPrefix("postgresql://") && !url.hasPrefix("postgres://")
        if isPlainName { return }
        guard let options = PQconninfoParse(url, nil) else {
            throw PostgresError(.connection("the connection string cannot be read"))
        }
        PQconninfoFree(options)
    }

    private func connect() async throws {
        guard PQstatus(connection) != CONNECTION_BAD else { throw broken() }
        var interest = Poller.Interest.write
        while true {
            try await wait(interest)
            switch PQconnectPoll(connection) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: interest = .read
            case PGRES_POLLING_WRITING: interest = .write
            default: throw broken()
            }
        }
    }

    // MARK: Waiting

    /// Waits for the socket. On a deadline or a cancellation the server is told to stop; within ``interruptibly(_:)`` the
    /// wait then goes on for its answer, elsewhere the session is broken.
    func wait(_ interest: Poller.Interest) async throws {
        let outcome = await Poller.shared.wait(
            at: place, for: PQsocket(connection), interest, until: deadline, heedsCancellation: heedsCancellation)
        switch outcome {
        case .ready: return
        case .timedOut: try interrupt(.deadline)
        case .cancelled: try interrupt(.cancelled)
        }
    }

    private func interrupt(_ reason: PostgresError.Reason) throws {
        let canceller = Canceller(connection)
        guard mayAskToStop, interruption == nil, let canceller else {
            isBroken = true
            throw PostgresError(interruption?.reason ?? reason)
        }
        interruption = (reason, canceller)
        heedsCancellation = false
        deadline = .now + Self.grace
    }

    /// Runs a body that ends with the server's answer to a Sync. If the deadline passes or the task is cancelled
    /// meanwhile, the server is asked to stop and given a moment to answer, so that the session stays usable and it is
    /// known what became of a COMMIT.
    func interruptibly<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard heedsCancellation else { return try await body() }
        if Task.isCancelled { throw PostgresError(.cancelled) }
        let outerDeadline = deadline
        if outerDeadline != .never, outerDeadline <= .now { throw PostgresError(.deadline) }
        mayAskToStop = true
        defer {
            mayAskToStop = false
            interruption = nil
            heedsCancellation = true
            deadline = outerDeadline
        }
        do {
            let result = try await body()
            await settle()
            return result
        } catch let error as PostgresError {
            await settle()
            guard let interruption else { throw error }
            if error.state == .queryCanceled || isBroken {
                throw PostgresError(interruption.reason, report: error.report, statement: error.statement)
            }
            throw error
        }
    }

    /// Waits until a cancel request has gone out, lest it stop a later statement.
    private func settle() async {
        guard let interruption, !isBroken else { return }
        let outcome = await Poller.shared.wait(
            at: place, for: interruption.canceller.done, .read, until: deadline, heedsCancellation: false)
        if outcome != .ready { isBroken = true }
    }

    /// Runs a body that has to be done even if the task is cancelled or its deadline has passed, within a short time.
    func shielded<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let (outerDeadline, outerHeed) = (deadline, heedsCancellation)
        deadline = .now + Self.grace
        heedsCancellation = false
        defer {
            deadline = outerDeadline
            heedsCancellation = outerHeed
        }
        return try await body()
    }

    // MARK: State

    var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }

    /// Marks the session as one that must not be lent again.
    func discard() { isBroken = true }

    /// Marks the session as unusable and tells why.
    func broken() -> PostgresError {
        isBroken = true
        let line = PQerrorMessage(connection).map { String(cString: $0) }?.split(separator: "\n").first
        guard let line else { return PostgresError(.connection("closed by the server")) }
        // While connecting, the message names host, role and database. Later it may hold the server's words, which may
        // quote values, so only what libpq itself says is passed on.
        let isHarmless = !isOpen || Self.ownMessages.contains { line.hasPrefix($0) }
        return PostgresError(.connection(isHarmless ? String(line) : "the connection broke"))
    }

    private static let ownMessages = [
        "server closed the connection", "could not receive data", "could not send data", "no connection to the server",
        "lost synchronization", "SSL ", "out of memory", "cannot allocate memory", "timeout expired",
    ]

    func violation(_ what: String) -> PostgresError {
        isBroken = true
        return PostgresError(.protocolViolation(what))
    }

    /// Whether the server closed the session while it idled, such as after a restart.
    func looksClosed() -> Bool {
        isBroken || isPeerGone() || PQisBusy(connection) == 1
    }

    /// Takes in what has arrived and tells whether the other side has closed the connection.
    func isPeerGone() -> Bool {
        while PQstatus(connection) == CONNECTION_OK {
            var byte: UInt8 = 0
            switch recv(PQsocket(connection), &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) {
            case -1 where errno == EINTR: continue
            case -1: return errno != EAGAIN && errno != EWOULDBLOCK
            case 0: return true
            // Notices and changed parameters may come at any time; so does the farewell of a server that shuts down.
            default: if PQconsumeInput(connection) == 0 { return true }
            }
        }
        return true
    }
}
