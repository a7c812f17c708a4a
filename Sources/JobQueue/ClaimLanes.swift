import FoundationEssentials
import Synchronization

/// The claims that are under way, and those that have ended and wait for the claimer to take them.
///
/// While one claim waits for its commit to reach the disk another is worked on, so that neither the server nor this
/// process stands still. Only the claimer begins and takes them, so what it reads of them is what it did.
final class ClaimLanes: Sendable {
    /// Connections that claims use at once.
    private static let limit = 2

    struct Claim: Sendable {
        let workerID: UUID
        /// The look for ready work on which it is founded.
        let look: Int
        /// Of the places where looks begin.
        let generation: Int
        var demands: [Demand]
        var jobs: [ClaimedJob] = []
        var failure: (any Error)?
        var duration = Duration.zero
    }

    private struct State {
        var count = 0
        var slots = 0
        var byPlace: [TenantQueue: Int] = [:]
        var ended: [Claim] = []
    }

    private let state = Mutex(State())

    /// Whether no claim is under way or waits to be taken.
    var isEmpty: Bool { state.withLock { $0.count == 0 } }
    var isFull: Bool { state.withLock { $0.count >= Self.limit } }
    /// Slots that are kept for the jobs to come.
    var slots: Int { state.withLock { $0.slots } }
    var byPlace: [TenantQueue: Int] { state.withLock { $0.byPlace } }

    func begin(_ demands: [Demand]) {
        state.withLock { state in
            state.count += 1
            for demand in demands {
                state.slots += demand.slots
                state.byPlace[demand.place, default: 0] += demand.slots
            }
        }
    }

    func end(_ claim: Claim) { state.withLock { $0.ended.append(claim) } }

    /// Takes the claims that have ended; their slots are free for whatever they brought.
    func takeEnded() -> [Claim] {
        state.withLock { state in
            defer { state.ended = [] }
            for claim in state.ended {
                state.count -= 1
                for demand in claim.demands {
                    state.slots -= demand.slots
                    let rest = (state.byPlace[demand.place] ?? 0) - demand.slots
                    state.byPlace[demand.place] = rest > 0 ? rest : nil
                }
            }
            return state.ended
        }
    }
}
