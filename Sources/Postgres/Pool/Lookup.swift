/// A read that waits for its answer among others.
///
/// `@unchecked Sendable`: changed under the lock of its ``Lookups`` alone.
final class Lookup: @unchecked Sendable {
    /// `@unchecked Sendable`: the rows go to the one task that waits, and stay with nobody else.
    enum Outcome: @unchecked Sendable {
        case answered([Rows])
        /// The trip went wrong, maybe for another's sake: it is to be run by itself.
        case alone
        case failed(any Error)
    }

    typealias Continuation = UnsafeContinuation<Outcome, Never>

    let commands: [Command]
    /// `nil` before it waits and when it waits no more.
    var continuation: Continuation?
    var isCancelled = false
    /// The trip that it is on.
    var trip: LookupTrip?

    init(_ commands: [Command]) { self.commands = commands }

    /// How many answers somebody reads.
    var answers: Int { commands.count { $0.role == .read } }
}

/// Look-ups that go to the server as one pipeline.
///
/// `@unchecked Sendable`: changed under the lock of its ``Lookups`` alone.
final class LookupTrip: @unchecked Sendable {
    let lookups: [Lookup]
    /// How many of them somebody still waits for.
    var wanted: Int
    let leftAt: Moment
    var task: Task<Void, Never>?

    init(_ lookups: [Lookup], leavingAt leftAt: Moment) {
        self.lookups = lookups
        wanted = lookups.count
        self.leftAt = leftAt
        for lookup in lookups { lookup.trip = self }
    }

    var commands: [Command] { lookups.flatMap(\.commands) }
}
