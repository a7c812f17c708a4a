public import Mail
import Synchronization

/// A transport that does as a test says, and remembers what it was given.
public final class ScriptedTransport: MailTransport {
    /// What happens while a mail is delivered, by the number of the attempt to its recipient, from 1.
    public typealias Script = @Sendable (_ mail: OutgoingMail, _ attempt: Int) async throws -> Void

    private let script: Script
    private let answer: @Sendable (String) -> Bool?
    private let attempts = Mutex<[String: Int]>([:])
    private let taken = Mutex<[OutgoingMail]>([])

    /// - Parameter delivered: what is answered to the question whether the mail with an id was delivered.
    public init(
        _ script: @escaping Script = { _, _ in }, delivered: @escaping @Sendable (String) -> Bool? = { _ in nil }
    ) {
        self.script = script
        answer = delivered
    }

    /// The mails that were delivered, in order.
    public var delivered: [OutgoingMail] { taken.withLock { $0 } }

    /// How many attempts there were, to all recipients.
    public var attemptCount: Int { attempts.withLock { $0.values.reduce(0, +) } }

    public func send(_ mail: OutgoingMail) async throws -> Receipt {
        let recipient = mail.recipients[0].address
        let attempt = attempts.withLock { attempts in
            attempts[recipient, default: 0] += 1
            return attempts[recipient, default: 0]
        }
        try await script(mail, attempt)
        taken.withLock { $0.append(mail) }
        return Receipt(id: mail.id)
    }

    public func delivered(_ id: DeliveryID) async throws -> Bool? { answer(id.description) }
}

extension OutgoingMail {
    public var recipient: String { recipients[0].address }

    /// The token of the links.
    public var token: String {
        String(decoding: content, as: UTF8.self).firstMatch(of: /\/u\/([0-9a-z]{52})>/).map { String($0.1) } ?? ""
    }
}
