/// Delivers into a maildir on this machine, once per delivery id.
///
/// `tmp`, `new` and `cur` are made, for this user alone, when they are missing. A mail is written to `tmp`, flushed to
/// the disk and linked into `new` as `<delivery id>.mehvar`; the link fails if that name exists, so that any number of
/// attempts, in any number of processes, leave one message. A mail that a reader has moved to `cur`, with whatever flags,
/// counts as delivered too.
///
/// As in any maildir, lines end in LF, and the envelope stands before the header as `Return-Path` and `Delivered-To`.
/// A crash may leave a file in `tmp`, which readers remove after 36 hours by custom.
public final class MaildirTransport: MailTransport {
    private let writers: LanePool<MaildirWriter>

    /// - Parameter path: The maildir's absolute path.
    public init(path: String) {
        let maildir = Maildir(path: path)
        writers = LanePool(limit: 4) { number in MaildirWriter(maildir, number: number) }
    }

    public func send(_ mail: OutgoingMail) async throws -> Receipt {
        try await writers.withLane { writer in try await writer.deliver(mail) }
    }

    /// Looks in `new` and `cur`; `nil` never. The directory `cur` is read only if the three usual names are missing and
    /// `cur` changed since it was last read.
    public func delivered(_ id: DeliveryID) async throws -> Bool? {
        try await writers.withLane { writer in try await writer.holds(id) }
    }

    public func close() async {
        await writers.close { _ in }
    }
}
