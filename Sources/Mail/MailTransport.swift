/// Something that delivers mail. Any number of tasks may use one at a time.
public protocol MailTransport: Sendable {
    /// Delivers `mail`, and returns once the next server or the disk is responsible for it.
    ///
    /// Cancellation before the delivery begins throws `CancellationError`, and nothing was sent; a delivery that runs is
    /// waited for, so that its outcome is known.
    ///
    /// - Throws: ``MailError``, or `CancellationError`.
    func send(_ mail: OutgoingMail) async throws -> Receipt

    /// Whether the mail with this id was delivered; `nil` if this transport cannot know.
    ///
    /// - Throws: ``MailError`` if it could know but cannot look at the moment.
    func delivered(_ id: DeliveryID) async throws -> Bool?

    /// Waits for the deliveries that run and lets go of connections. Afterwards ``send(_:)`` throws a temporary
    /// ``MailError``. Closing again does nothing.
    func close() async
}

extension MailTransport {
    public func delivered(_ id: DeliveryID) async throws -> Bool? { nil }
    public func close() async {}
}
