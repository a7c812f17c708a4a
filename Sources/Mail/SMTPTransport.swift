/// Sends mail to one SMTP server (RFC 5321) through libcurl.
///
/// Connections are kept between mails and there are at most ``SMTPConfiguration/maximumConnections``; further mails wait
/// in the order of their arrival. libcurl blocks, so each connection has a thread of its own while it works, and Swift's
/// cooperative pool is never held up.
///
/// A mail whose recipients the server does not all accept is not sent to any of them. After a refusal libcurl ends the
/// connection, and the next mail opens another. SMTP has no memory of deliveries, so ``delivered(_:)`` is always `nil`
/// and sending an id again sends the mail again.
public final class SMTPTransport: MailTransport {
    private let connections: LanePool<SMTPConnection>

    /// Connects to nothing before the first mail.
    public init(_ configuration: SMTPConfiguration) {
        connections = LanePool(limit: configuration.maximumConnections) { number in
            SMTPConnection(configuration, number: number)
        }
    }

    public func send(_ mail: OutgoingMail) async throws -> Receipt {
        try await connections.withLane { connection in try await connection.deliver(mail) }
    }

    /// Says QUIT on each connection.
    public func close() async {
        await connections.close { connection in await connection.close() }
    }
}
