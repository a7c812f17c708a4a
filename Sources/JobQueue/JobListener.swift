import Logging
import Postgres

/// Wakes a worker when an ``EnqueueSignal`` comes. Polling alone does without it.
struct JobListener: Sendable {
    let configuration: Postgres.Configuration
    let counters: Counters
    let logger: Logger

    /// Listens until the task is cancelled, or the server refuses the channel.
    func run(onSignal: @Sendable () -> Void) async {
        do {
            for try await event in Listener(configuration, channels: [EnqueueSignal.channel]) {
                if event == .reconnected { counters.update { $0.reconnects += 1 } }
                onSignal()
            }
        } catch {
            logger.error("not listening for new jobs, only polling", metadata: ["error": "\(error.loggable)"])
        }
    }
}
