import Postgres

/// Why outcomes could not be written, as far as it decides what to do next.
enum WriteFailure {
    /// The database is away, or somebody has to repair something: later, all of it.
    case unavailable
    /// Somebody else's lock, or a twin that was enqueued at the same moment.
    case contended
    /// `job.done` has no partition for now.
    case partitionMissing
    /// The row itself cannot be written.
    case refused
    /// An error that says not whose fault it is, such as one of a trigger: the row's, when it comes again.
    case unclear

    init(_ error: any Error) {
        self = .unavailable
        // An answer that was lost may have been a success; written again, it changes nothing.
        guard let error = error as? PostgresError, case .server = error.reason, let state = error.state else { return }
        switch state {
        case .deadlockDetected, .lockNotAvailable, .serializationFailure, .uniqueViolation, .queryCanceled:
            self = .contended
        case .checkViolation where error.report?.table == "done" && error.report?.constraint == nil:
            self = .partitionMissing
        default:
            switch state.conditionClass {
            // Data, constraints and limits.
            case "22", "23", "54": self = .refused
            // The connection, what the server does not do, the transaction, statements that are gone, who connects, what is there
            // and allowed, resources, operators, the system, its files and itself.
            case "08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "XX":
                self = .unavailable
            default: self = .unclear
            }
        }
    }
}
