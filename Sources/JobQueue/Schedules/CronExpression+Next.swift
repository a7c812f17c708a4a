public import FoundationEssentials

private let secondsPerDay = 86_400

extension CronExpression {
    /// The first fire time strictly after `date` on the wall clock of the time zone, nil when there is none within 8
    /// years (such as 30 February).
    ///
    /// An expression for every hour follows the time that elapses: it also fires in the hour that comes twice. Any
    /// other keeps to the wall clock: a time that is skipped fires at the first instant after the gap, once for all
    /// that the gap holds, and one that comes twice fires the first time.
    public func next(after date: Date, in timeZone: TimeZone) -> Date? {
        let now = date.timeIntervalSince1970.rounded(.down)
        // No calendar reaches further, and neither would `Int`.
        guard abs(now) < 1e12 else { return nil }
        let clock = WallClock(timeZone: timeZone)
        let isHourly = (0...23).allSatisfy(hours.contains)
        let instant = isHourly ? nextElapsed(after: Int(now), clock) : nextShown(after: Int(now), clock)
        return instant.map { Date(timeIntervalSince1970: Double($0)) }
    }

    /// The first instant after `now` at which the clock shows a time that matches.
    private func nextElapsed(after now: Int, _ clock: WallClock) -> Int? {
        var start = now + 1
        let limit = Self.limit(of: clock.time(at: now))
        while let time = firstMatch(from: clock.time(at: start), through: limit) {
            let instant = time - clock.offset(at: start)
            let end = min(instant, start + secondsPerDay)
            if let change = clock.change(after: start, through: end) {
                start = change
            } else if end == instant {
                return instant
            } else {
                // No change of the clock takes it further than a day, so it shows nothing that matches until then.
                start = max(end, instant - 2 * secondsPerDay)
            }
        }
        return nil
    }

    /// The instant after `now` when the clock first reaches or passes a time that matches and that it has not reached
    /// before.
    private func nextShown(after now: Int, _ clock: WallClock) -> Int? {
        let time = clock.time(at: now)
        var latest = time
        if let change = clock.change(after: now - secondsPerDay, through: now) {
            // Where the clock was put back, it showed later times before than it does now.
            latest = max(latest, clock.time(at: change - 1))
        }
        return firstMatch(from: latest + 1, through: Self.limit(of: time)).map(clock.firstInstant)
    }

    /// The first time that matches, in seconds of a clock that is never put forward or back.
    private func firstMatch(from time: Int, through limit: Int) -> Int? {
        let minute = (time + 59).flooredDivision(by: 60).quotient
        let (day, minuteOfDay) = minute.flooredDivision(by: 24 * 60)
        let lastDay = limit.flooredDivision(by: secondsPerDay).quotient
        guard var match = firstDay(from: day, through: lastDay) else { return nil }
        var start = match == day ? minuteOfDay : 0
        if firstMinute(from: start) == nil {
            guard let later = firstDay(from: match + 1, through: lastDay) else { return nil }
            (match, start) = (later, 0)
        }
        guard let first = firstMinute(from: start) else { return nil }
        let seconds = match * secondsPerDay + first * 60
        return seconds <= limit ? seconds : nil
    }

    /// The first minute of a day, counted from midnight, that the hours and the minutes allow.
    private func firstMinute(from minute: Int) -> Int? {
        let hour = minute / 60
        if hours.contains(hour), let first = minutes.first(from: minute % 60) { return hour * 60 + first }
        guard let later = hours.first(from: hour + 1), let first = minutes.first(from: 0) else { return nil }
        return later * 60 + first
    }

    /// The first day, counted from 1970, that the month and the two fields of days allow.
    private func firstDay(from day: Int, through limit: Int) -> Int? {
        var (year, month, dayOfMonth) = CivilDate.components(ofDay: day)
        while true {
            let first = CivilDate.day(year, month, 1)
            if first > limit { return nil }
            if months.contains(month) {
                let days = days(from: first, count: CivilDate.day(year, month + 1, 1) - first)
                let rest = days & (UInt64.max << UInt64(dayOfMonth))
                if rest != 0 { return first + rest.trailingZeroBitCount - 1 }
            }
            (year, month, dayOfMonth) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
        }
    }

    /// The days of one month that match: bit 5 is its fifth day.
    ///
    /// Two restricted fields add their days up, as POSIX has it; a field that begins with `*` only limits the other.
    private func days(from first: Int, count: Int) -> UInt64 {
        let month: UInt64 = (1 << UInt64(count + 1)) - 2
        var byDate = daysOfMonth.bits
        if daysOfMonth.contains(CronField.lastDay) { byDate |= 1 << UInt64(count) }
        // A week takes seven bits, and six weeks last any month. 1970 began on a Thursday, day 4 of the week.
        let weeks = (0..<6).reduce(UInt64(0)) { $0 | daysOfWeek.bits << UInt64($1 * 7) }
        let byWeekday = (weeks >> UInt64((first + 4).flooredDivision(by: 7).remainder)) << 1
        let isEither = !daysOfMonth.isStarred && !daysOfWeek.isStarred
        return (isEither ? byDate | byWeekday : byDate & byWeekday) & month
    }

    /// The same time 8 years later.
    private static func limit(of time: Int) -> Int {
        let (day, second) = time.flooredDivision(by: secondsPerDay)
        let (year, month, dayOfMonth) = CivilDate.components(ofDay: day)
        return CivilDate.day(year + 8, month, dayOfMonth) * secondsPerDay + second
    }
}

/// What a clock on the wall shows, in seconds since it showed the start of 1970. Instants are seconds since 1970 in
/// UTC.
///
/// It looks the zone's offset up rather than ask for its transitions, since those need not include changes that are not
/// for daylight saving. No zone has changed twice within three days, nor by more than a day.
private struct WallClock {
    let timeZone: TimeZone

    func offset(at instant: Int) -> Int {
        timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }

    func time(at instant: Int) -> Int {
        instant + offset(at: instant)
    }

    /// The first instant with another offset than at `start`, nil when the offset at `end` is the same.
    func change(after start: Int, through end: Int) -> Int? {
        let offset = offset(at: start)
        guard start < end, self.offset(at: end) != offset else { return nil }
        var (same, other) = (start, end)
        while other - same > 1 {
            let middle = same + (other - same) / 2
            if self.offset(at: middle) == offset { same = middle } else { other = middle }
        }
        return other
    }

    /// The instant when the clock first shows `time` or, where that is skipped, a later one.
    func firstInstant(reaching time: Int) -> Int {
        let start = time - secondsPerDay
        let instant = time - offset(at: start)
        guard let change = change(after: start, through: time + secondsPerDay), change <= instant else {
            return instant
        }
        return max(change, time - offset(at: change))
    }
}

/// Days since 1970 in the Gregorian calendar, also before it was adopted. `Calendar` takes longer for the same days.
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms".)
private enum CivilDate {
    /// - Parameter month: from 1 to 13, which is January of the year after.
    static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Years begin in March, so that the leap day comes last.
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func components(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (day + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int {
    /// The quotient rounded down, and the remainder, which is never negative.
    fileprivate func flooredDivision(by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
