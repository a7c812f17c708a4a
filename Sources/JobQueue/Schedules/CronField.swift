/// The values one field of a cron expression allows, as bits of a word: bit 5 of the minutes is minute 5.
struct CronField: Sendable, Hashable {
    /// Stands for the last day in the field of the days of the month: no month has a day of this number.
    static let lastDay = 32

    private(set) var bits: UInt64 = 0
    /// Whether the text begins with `*`. It decides how the two fields of days combine.
    let isStarred: Bool

    init(isStarred: Bool) {
        self.isStarred = isStarred
    }

    /// - Parameter value: from 0 to 63.
    mutating func insert(_ value: Int) {
        bits |= 1 << UInt64(value)
    }

    func contains(_ value: Int) -> Bool {
        bits & (1 << UInt64(value)) != 0
    }

    /// The least value that is at least `value`, nil when there is none.
    func first(from value: Int) -> Int? {
        let rest = bits & (UInt64.max << UInt64(value))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }
}
