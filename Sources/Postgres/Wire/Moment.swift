import CEpoll

/// A moment of the monotonic clock, cheap to read and to compare.
struct Moment: Comparable, Sendable {
    let nanoseconds: Int64

    static let never = Moment(nanoseconds: .max)

    static var now: Moment { Moment(nanoseconds: monotonic_nanoseconds()) }

    static func + (moment: Moment, duration: Duration) -> Moment { moment + Nanoseconds(duration) }

    static func + (moment: Moment, span: Nanoseconds) -> Moment {
        let (sum, isTooLate) = moment.nanoseconds.addingReportingOverflow(span.count)
        return isTooLate ? .never : Moment(nanoseconds: sum)
    }

    static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A duration that is added to a moment in each transaction; dividing `Duration`'s 128 bits each time is felt.
struct Nanoseconds: Comparable, Sendable {
    let count: Int64

    /// The longest for one that is longer.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooLongToo) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        count = isTooLong || isTooLongToo ? .max : sum
    }

    static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }
}

extension Moment {
    static func - (later: Moment, earlier: Moment) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}
