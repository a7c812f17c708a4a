import CLibPQ
import Logging

/// Listens to channels (LISTEN/NOTIFY), across lost connections.
///
/// Each iteration has a connection of its own, which it opens at the first `next()` and opens again, ever more
/// patiently (50 ms to 5 s), when it was lost. What was sent meanwhile is lost, so a reader looks for itself after
/// `.connected` and `.reconnected`; a notification is a hint. An iteration ends only when its task is cancelled,
/// and throws only when the server refuses a channel; whatever else goes wrong is a warning in the configuration's
/// logger.
///
/// When nothing comes for `pingInterval`, the connection is tried with a statement that has as long to answer: a peer
/// that vanished without a word is noticed within twice that time and two seconds. Needs a connection to the server itself: PgBouncer
/// in transaction mode does not pass notifications on.
/// ```swift
/// for try await event in Listener(configuration, channels: ["jobs"]) {
///     await work.lookForMore()
/// }
/// ```
public struct Listener: AsyncSequence, Sendable {
    /// What a listener has to tell.
    public enum Event: Sendable, Equatable {
        /// Listening has begun.
        case connected
        /// Listening goes on after the connection was lost.
        case reconnected
        /// A transaction that notified has committed.
        case notification(Notification)
    }

    /// What `NOTIFY` or `pg_notify` sent.
    public struct Notification: Sendable, Equatable {
        public let channel: String
        /// Empty where none was given.
        public let payload: String
        /// The process of the server that sent it.
        public let backend: Int32
    }

    public typealias Element = Event
    public typealias Failure = any Error

    private let configuration: Configuration
    private let channels: [String]
    private let pingInterval: Duration

    /// - Parameters:
    ///   - configuration: how to connect; of its limits only `connectTimeout` holds here.
    ///   - channels: names of 1 to 63 bytes, as they are given to `pg_notify`, or to `NOTIFY` after folding to lower
    ///     case.
    ///   - pingInterval: how long the connection may be silent before it is tried.
    public init(_ configuration: Configuration, channels: [String], pingInterval: Duration = .seconds(4)) {
        self.configuration = configuration
        self.channels = channels
        self.pingInterval = pingInterval
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(configuration: configuration, channels: channels, pingInterval: pingInterval)
    }

    /// One reader, with a connection of its own.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let configuration: Configuration
        fileprivate let channels: [String]
        fileprivate let pingInterval: Duration
        private var session: Session?
        private var hasConnected = false
        private var backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))

        fileprivate init(configuration: Configuration, channels: [String], pingInterval: Duration) {
            self.configuration = configuration
            self.channels = channels
            self.pingInterval = pingInterval
        }

        /// The next event; `nil` once the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Event? {
            while !Task.isCancelled {
                do {
                    if let session { return .notification(try await session.nextNotification(pingInterval)) }
                    session = try await listen()
                    defer { hasConnected = true }
                    backoff.reset()
                    return hasConnected ? .reconnected : .connected
                } catch {
                    session = nil
                    if Task.isCancelled { break }
                    // A channel that the server refuses will not be accepted later.
                    if (error as? PostgresError)?.state?.conditionClass == "42" { throw error }
                    let pause = backoff.next()
                    configuration.logger.warning(
                        "not listening", metadata: ["error": "\(error)", "retry_in": "\(pause)"])
                    do { try await Task.sleep(for: pause) } catch { break }
                }
            }
            session = nil
            return nil
        }

        private func listen() async throws -> Session {
            let session = try await Session.open(configuration, timeouts: false)
            session.deadline = .now + configuration.connectTimeout
            _ = try await session.run(channels.map { Command.listen($0) })
            return session
        }
    }
}

extension Command {
    fileprivate static func listen(_ channel: String) -> Command {
        let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        return Command(StatementLabel("listen"), SQL(generated: "LISTEN \"\(quoted)\""), role: .unread)
    }

    fileprivate static let ping = Command(StatementLabel("ping"), "SELECT 1", role: .unread)
}

extension Session {
    /// Waits for a notification; throws when the connection is lost, or is silent even when asked.
    fileprivate func nextNotification(_ pingInterval: Duration) async throws -> Listener.Notification {
        while true {
            if let notification = takeNotification() { return notification }
            if try await hasInput(until: .now + pingInterval) {
                try readInput()
            } else {
                deadline = .now + pingInterval
                _ = try await run([.ping])
            }
        }
    }

    private func takeNotification() -> Listener.Notification? {
        guard let notification = PQnotifies(connection) else { return nil }
        defer { PQfreemem(notification) }
        return Listener.Notification(
            channel: String(cString: notification.pointee.relname),
            payload: String(cString: notification.pointee.extra), backend: notification.pointee.be_pid)
    }
}
