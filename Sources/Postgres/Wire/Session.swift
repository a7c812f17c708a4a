import CLibPQ
import Glibc

/// One libpq connection, always in non-blocking and, between COPYs and streams, pipeline mode.
///
/// `@unchecked Sendable`: it is used by one task at a time, the one that the pool or `Connection` lent it to; handing
/// it over goes through the pool's mutex. What is changed several times in each transaction is therefore not checked for
/// exclusive access at run time.
@usableFromInline
final class Session: @unchecked Sendable {
    let connection: OpaquePointer
    let configuration: Configuration
    /// When it is too old to be lent again.
    private(set) var endOfLife: Moment
    /// How long it may idle.
    let idleTimeout: Nanoseconds
    /// A round trip that takes longer is reported.
    let slowAfter: Nanoseconds
    /// `nil` when no tracer is installed.
    let spans: Spans?
    /// Nanoseconds for which the server was waited for, while that is measured.
    var waited: Int64?
    private let place = PollingExecutor.shared.open()
    /// When the present lending has to be over.
    var deadline = Moment.never
    /// Whether the task's cancellation ends a wait; not while cleaning up.
    private var heedsCancellation = true
    /// Set when the protocol's state is not known any more: the session must be closed, not lent again.
    private(set) var isBroken = false
    /// Whether a wait that must end may still ask the server to stop and wait for its answer.
    private var mayAskToStop = false
    /// Why the server was asked to stop, `nil` when only the rest of an answer was not wanted, and the request.
    private(set) var interruption: (reason: PostgresError.Reason?, canceller: Canceller)?
    @exclusivity(unchecked) var prepared: PreparedStatements
    /// Statements that no one will use again, to be dropped from the server's memory with the next round trip.
    @exclusivity(unchecked) var discardedStatements: [Command] = []
    /// The steps of the pipeline under way; kept for its memory.
    @exclusivity(unchecked) var steps: [PipelineStep] = []
    /// How many of them, at the beginning, end in a Sync of their own.
    var stepsApart = 0
    /// Whether what was run last failed after its COMMIT, or outside a transaction itself, may have reached the server
    /// and without the server's refusal.
    var commitIsUnknown = false
    /// Whether the reader of a stream or COPY left before its end.
    var wasLeftEarly = false
    /// When the last round trip ended.
    var lastAnswer = Moment.now
    /// Round trips made so far.
    var roundTrips = 0

    private init(connection: OpaquePointer, configuration: Configuration) {
        self.connection = connection
        self.configuration = configuration
        endOfLife = .now + configuration.maximumLifetime * Double.random(in: 0.9...1)
        idleTimeout = Nanoseconds(configuration.idleTimeout * Double.random(in: 0.9...1))
        slowAfter = Nanoseconds(configuration.slowAfter)
        spans = Spans(configuration)
        prepared = PreparedStatements(limit: configuration.preparedStatementLimit)
    }

    deinit {
        place.close()
        PQfinish(connection)
    }

    /// Whether this is the poller that watches the connection.
    func isWatched(by poller: Poller) -> Bool { place.poller === poller }

    /// - Parameter timeouts: whether the server watches the configuration's time limits too.
    static func open(_ configuration: Configuration, timeouts: Bool) async throws -> Session {
        let connection = try await Connector.connect(configuration, timeouts: timeouts)
        let session = Session(connection: connection, configuration: configuration)
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                let session = Unmanaged<Session>.fromOpaque(context).takeUnretainedValue()
                session.noticed(ServerReport(result))
            }, Unmanaged.passUnretained(session).toOpaque())
        guard PQenterPipelineMode(connection) == 1 else { throw session.broken() }
        return session
    }

    // MARK: Waiting

    /// Waits for the socket. On a deadline or a cancellation the server is told to stop; within an interruptible piece of
    /// work the wait then goes on for its answer, elsewhere the session is broken.
    func wait(_ interest: Poller.Interest) async throws {
        let began = waited.map { _ in Moment.now }
        let outcome = await place.wait(
            for: PQsocket(connection), interest, until: deadline, heedsCancellation: heedsCancellation,
            staysWatched: true)
        if let began { waited? += Moment.now.nanoseconds - began.nanoseconds }
        switch outcome {
        case .ready: return
        case .timedOut: try interrupt(.deadline)
        case .cancelled: try interrupt(.cancelled)
        }
    }

    /// Waits for something to read while nothing was asked; `false` when the time is over.
    func hasInput(until time: Moment) async throws -> Bool {
        switch await place.wait(for: PQsocket(connection), .read, until: time, staysWatched: true) {
        case .ready: return true
        case .timedOut: return false
        case .cancelled: throw PostgresError(.cancelled)
        }
    }

    private func interrupt(_ reason: PostgresError.Reason?) throws {
        guard mayAskToStop, interruption == nil, let canceller = Canceller(connection) else {
            isBroken = true
            let first = interruption.map(\.reason) ?? reason
            throw PostgresError(first ?? .connection("the server did not stop when it was to"))
        }
        interruption = (reason, canceller)
        heedsCancellation = false
        deadline = .now + configuration.grace
    }

    /// Notices what no wait could, when there was always something to read.
    func heedInterruption() throws {
        if heedsCancellation, Task.isCancelled { return try interrupt(.cancelled) }
        if deadline <= .now { try interrupt(.deadline) }
    }

    /// The same after something was read, which may be the end of the answer: what came too late since this process had
    /// no processor is taken all the same, but for a server that was asked to stop and goes on for twice its time.
    func heedLateness() throws {
        guard mayAskToStop else { return }
        if interruption == nil { return try heedInterruption() }
        if deadline + configuration.grace <= .now { try interrupt(.deadline) }
    }

    /// Asks the server to stop since nobody wants the rest of its answer.
    func askToStop() throws {
        if interruption == nil { try interrupt(nil) }
    }

    /// Begins work that ends with the server's answer to everything that was asked. If the deadline passes or the task is
    /// cancelled meanwhile, the server is asked to stop and given a moment to answer, so that the session stays usable
    /// and it is known what became of a COMMIT. Returns the deadline, for ``settle(_:)``.
    func enter(at now: Moment = .now) throws -> Moment {
        guard !isBroken else { throw PostgresError(.connection("the connection broke before")) }
        guard heedsCancellation else { return deadline }
        if Task.isCancelled { throw PostgresError(.cancelled) }
        if deadline <= now { throw PostgresError(.deadline) }
        mayAskToStop = true
        return deadline
    }

    /// Whether the server was asked to stop.
    var isInterrupted: Bool { interruption != nil }

    /// Ends what ``enter()`` began, when nothing interrupted it.
    func leave(_ outerDeadline: Moment) {
        guard mayAskToStop else { return }
        mayAskToStop = false
        deadline = outerDeadline
    }

    /// Ends what ``enter()`` began, after an interruption too.
    func settle(_ outerDeadline: Moment) async {
        guard mayAskToStop else { return }
        // A request that is still under way could stop a later statement.
        if let interruption, !isBroken, !(await interruption.canceller.settle(until: deadline)) { isBroken = true }
        interruption = nil
        heedsCancellation = true
        leave(outerDeadline)
    }

    /// Ends what ``enter()`` began and failed; what comes out is the interruption when that was the cause.
    func settle(_ outerDeadline: Moment, failing error: any Error) async -> any Error {
        var cause = explained(error)
        // The server's own limit came first, since this process had no processor when the deadline passed.
        if let error = cause as? PostgresError, error.reason == .server, error.state == .queryCanceled,
            outerDeadline <= .now
        {
            cause = PostgresError(.deadline, report: error.report, statement: error.statement, source: error.source)
        }
        await settle(outerDeadline)
        return cause
    }

    /// The interruption in place of the server's word that it stopped.
    func explained(_ error: any Error) -> any Error {
        guard mayAskToStop, let interruption, let reason = interruption.reason, let error = error as? PostgresError,
            error.state == .queryCanceled || isBroken
        else { return error }
        return PostgresError(reason, report: error.report, statement: error.statement, source: error.source)
    }

    func interruptibly<Result>(_ body: () async throws -> Result) async throws -> Result {
        let outerDeadline = try enter()
        do {
            let result = try await body()
            await settle(outerDeadline)
            return result
        } catch {
            throw await settle(outerDeadline, failing: error)
        }
    }

    /// Runs a body that has to be done even if the task is cancelled or its deadline has passed, within a short time.
    func shielded<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let (outerDeadline, outerHeed, outerAsk) = (deadline, heedsCancellation, mayAskToStop)
        deadline = .now + configuration.grace
        heedsCancellation = false
        mayAskToStop = false
        defer { (deadline, heedsCancellation, mayAskToStop) = (outerDeadline, outerHeed, outerAsk) }
        return try await body()
    }

    // MARK: State

    var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }

    var isTransactionFailed: Bool { PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// Marks the session as one that must not be lent again.
    func discard() { isBroken = true }

    /// Notes how much was sent or received at once. libpq's buffers never shrink, so a session that carried 16 MB is not
    /// lent again.
    func noteSize(_ bytes: Int) {
        if bytes > Self.largeSize { endOfLife = .now }
    }

    private static let largeSize = 16 << 20

    /// The same of a result: its rows come one by one, so the buffer has grown to the largest of them.
    func noteSize(of result: OpaquePointer) {
        guard PQresultMemorySize(result) > Self.largeSize else { return }
        for row in 0..<PQntuples(result) {
            noteSize((0..<PQnfields(result)).reduce(0) { $0 + Int(PQgetlength(result, row, $1)) })
        }
    }

    /// Drops what a LISTEN that should not be there had the server send; returns how many there were.
    @discardableResult
    func dropNotifications() -> Int {
        var count = 0
        while let notification = PQnotifies(connection) {
            PQfreemem(notification)
            count += 1
        }
        return count
    }

    /// Forgets what stands prepared, since the server has forgotten it or it does not fit the schema any more.
    func forgetStatements() {
        prepared.removeAll()
        discardedStatements = [.deallocateAll]
    }

    /// Marks the session as unusable and tells why.
    func broken() -> PostgresError {
        isBroken = true
        let line = PQerrorMessage(connection).map { String(cString: $0) }?.split(separator: "\n").first
        guard let line else { return PostgresError(.connection("closed by the server")) }
        // It may hold the server's words, which may quote values, so only what libpq itself says is passed on.
        let isOwn = Self.ownMessages.contains { line.hasPrefix($0) }
        return PostgresError(.connection(isOwn ? String(line) : "the connection broke"))
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
        // libpq reads the server's farewell as a notice.
        isBroken || isPeerGone() || PQisBusy(connection) == 1 || isBroken
    }

    /// Takes in what has arrived and tells whether the other side has closed the connection.
    func isPeerGone() -> Bool {
        // Under TLS the bytes on the socket are not the conversation's; libpq reads, and says so when it is over.
        if PQsslInUse(connection) == 1 {
            return PQconsumeInput(connection) == 0 || PQstatus(connection) != CONNECTION_OK
        }
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
