public import Logging
public import Postgres
public import ServiceLifecycle

/// Hears that keys, sessions, roles or terms of a tenant were changed, and has an ``Authenticator`` forget what it knows of it.
///
/// Without it, behind a pooler that passes no notifications on, a change is noticed within 5 seconds.
public struct AccessSignal: Service {
    static let channel = "mehvar_access"

    private let configuration: Configuration
    private let authenticator: Authenticator
    private let logger: Logger

    /// - Parameter configuration: connects as `mehvar_app`, past any pooler.
    public init(_ configuration: Configuration, authenticator: Authenticator, logger: Logger) {
        self.configuration = configuration
        self.authenticator = authenticator
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    for try await event in Listener(configuration, channels: [Self.channel]) { hear(event) }
                } catch {
                    logger.warning("changes of access are noticed late", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: .seconds(5)) } catch {}
            }
        }
    }

    private func hear(_ event: Listener.Event) {
        switch event {
        case .notification(let notification): authenticator.forget(Tenant.ID(notification.payload))
        // Something may have been said meanwhile.
        default: authenticator.forget(nil)
        }
    }
}
