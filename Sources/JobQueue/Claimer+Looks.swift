import Logging
import Postgres
import Synchronization

/// Looks for who has ready work.
extension Claimer {
    /// A look from the beginning that was made beside the claims.
    struct WholeLook: Sendable {
        /// `nil` when it failed.
        let found: [ReadyQueue]?
        let duration: Duration
    }

    /// Promotes what is due and finds who has ready work.
    func probe(_ floors: inout ReadyFloors) async throws -> [ReadyQueue] {
        let isWhole = floors.isEmpty
        let began = ContinuousClock.now
        let (due, ready) = try await pool.pipeline(
            ClaimStatements.due, ClaimStatements.ready(claimable, after: floors))
        floors.looked(for: .now - began, claimed: [], since: floors.generation)
        guard !due.isEmpty else {
            if isWhole { floors.found(ready) }
            return ready
        }
        let (promoted, readyNow) = try await pool.pipeline(
            ClaimStatements.promote(due), ClaimStatements.ready(claimable, after: floors))
        if isWhole { floors.found(readyNow) }
        if promoted >= ClaimStatements.promotionLimit { wake() }
        return readyNow
    }

    /// Steps over all dead entries, which may take seconds, and leaves what it found for the claimer.
    func lookFromTheBeginning() async {
        let began = ContinuousClock.now
        var found: [ReadyQueue]?
        do { found = try await pool.pipeline(ClaimStatements.ready(claimable, after: ReadyFloors())) } catch {
            if Task.isCancelled { return }
            logger.warning("cannot look for ready jobs", metadata: ["error": "\(error.loggable)"])
        }
        let look = WholeLook(found: found, duration: .now - began)
        wholeLooks.withLock { $0.append(look) }
        signal.set()
    }
}
