/// A mail URL or configuration that cannot be used. Its description never holds a user name or password.
public struct MailConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String

    public init(reason: String) {
        self.reason = reason
    }

    public var description: String { "invalid mail configuration: \(reason)" }
}
