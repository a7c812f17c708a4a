import CEpoll

/// A moment of the monotonic clock, cheap to read and to compare.
struct Moment: Comparable, Sendable {
    let nanoseconds: Int64

    static let never = Moment(nanoseconds: .max)

    static var now: Moment { Moment(nanoseconds: monotonic_nanoseconds()) }

    static func + (moment: Moment, duration: Duration) -> Moment {
        let (seconds, attoseconds) = duration.components
        let (whole, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooLate) = moment.nanoseconds.addingReportingOverflow(whole)
        return tooLong || tooLate ? .never : Moment(nanoseconds: sum + attoseconds / 1_000_000_000)
    }

    static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Moment {
    static func - (later: Moment, earlier: Moment) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}
