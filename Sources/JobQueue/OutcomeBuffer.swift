import Synchronization

/// Collects outcomes and writes them in batches: of 250 at most, and 20 ms after the first at the latest.
///
/// While one batch waits for its commit to reach the disk a second one is written, if there are enough for it.
final class OutcomeBuffer: Sendable {
    static let batchSize = 250
    private static let linger = Duration.milliseconds(20)
    private static let mostAtOnce = 2
    /// Outcomes of locked jobs that wait apart, each on a connection of its own now and then.
    private static let mostApart = 8

    private struct State {
        var outcomes: [(outcome: Outcome, addedAt: ContinuousClock.Instant)] = []
        var isUrgent = false
        var freesTwin = false
        /// Batches that are being written.
        var writing = 0
        /// Outcomes of locked jobs that are written apart.
        var apart = 0
        /// When set, no more come, and from then on nothing is tried again.
        var finishBy: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let signal = Signal()
    private let writer: OutcomeWriter

    init(writer: OutcomeWriter) {
        self.writer = writer
    }

    /// Outcomes that wait to be written.
    var count: Int { state.withLock { $0.outcomes.count } }

    /// - Parameters:
    ///   - isUrgent: nothing is gained by waiting for more, so it is written at once.
    ///   - freesTwin: the job has a unique key, so that another may wait for its end; this is urgent too.
    func add(_ outcome: Outcome, isUrgent: Bool, freesTwin: Bool = false) {
        let wakes = state.withLock { state in
            state.outcomes.append((outcome, .now))
            if isUrgent || freesTwin { state.isUrgent = true }
            if freesTwin { state.freesTwin = true }
            return isUrgent || freesTwin || state.outcomes.count == 1 || state.outcomes.count == Self.batchSize
        }
        if wakes { signal.set() }
    }

    /// Writes until ``finish(within:)`` was called and nothing is left, or its time is over.
    ///
    /// - Parameter onWritten: called after each batch; true when it held a job with a unique key.
    func run(onWritten: @escaping @Sendable (Bool) -> Void) async {
        await withDiscardingTaskGroup { group in
            while true {
                switch state.withLock({ Self.next(&$0) }) {
                case .write(let batch, let freesTwin, let firstAt):
                    group.addTask { await self.write(batch, since: firstAt) { onWritten(freesTwin) } }
                case .wait(let duration): await signal.wait(atMost: duration)
                case .end: return
                }
            }
        }
    }

    private func write(
        _ batch: [Outcome], since firstAt: ContinuousClock.Instant, onWritten: @escaping @Sendable () -> Void
    ) async {
        let locked = await writer.write(batch, while: { self.isWorthIt })
        let written = batch.count - locked.count
        if written > 0 { writer.counters.flushed(written, lag: .now - firstAt) }
        let apart = putApart(locked)
        state.withLock { $0.writing -= 1 }
        signal.set()
        onWritten()
        await withDiscardingTaskGroup { group in
            for outcome in apart {
                group.addTask {
                    await self.write(apart: outcome)
                    onWritten()
                }
            }
        }
    }

    private var isWorthIt: Bool { state.withLock { $0.finishBy.map { $0 > .now } ?? true } }

    /// Outcomes of locked jobs that others need not wait for; the rest is lined up again.
    private func putApart(_ locked: [Outcome]) -> ArraySlice<Outcome> {
        let apart = state.withLock { state in
            let apart = locked.prefix(Self.mostApart - state.apart)
            state.apart += apart.count
            return apart
        }
        for outcome in locked.dropFirst(apart.count) { add(outcome, isUrgent: false) }
        return apart
    }

    private func write(apart outcome: Outcome) async {
        await writer.write(patiently: outcome, while: { self.isWorthIt })
        state.withLock { $0.apart -= 1 }
    }

    /// Writes the rest at once and ends ``run(onWritten:)``, latest after this time if the database is away.
    func finish(within limit: Duration) {
        state.withLock { $0.finishBy = .now + limit }
        signal.set()
    }

    private enum Step {
        case write([Outcome], freesTwin: Bool, firstAt: ContinuousClock.Instant)
        case wait(Duration)
        case end
    }

    private static func next(_ state: inout State) -> Step {
        guard let firstAt = state.outcomes.first?.addedAt else {
            return state.finishBy == nil || state.writing > 0 ? .wait(.seconds(60)) : .end
        }
        // A second one has to be worth its commit.
        guard state.writing == 0 || state.writing < mostAtOnce && state.outcomes.count >= batchSize else {
            return .wait(.seconds(60))
        }
        let rest = linger - (ContinuousClock.now - firstAt)
        if rest > .zero, !state.isUrgent, state.finishBy == nil, state.outcomes.count < batchSize { return .wait(rest) }
        let batch = state.outcomes.prefix(batchSize).map(\.outcome)
        state.outcomes.removeFirst(batch.count)
        state.writing += 1
        let freesTwin = state.freesTwin
        if state.outcomes.isEmpty {
            state.isUrgent = false
            state.freesTwin = false
        }
        return .write(batch, freesTwin: freesTwin, firstAt: firstAt)
    }
}
