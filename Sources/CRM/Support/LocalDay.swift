public import Foundation
public import Postgres

/// Days as a tenant counts them.
public enum LocalDay {
    static func text(daysSince1970: Int) -> String {
        LocalDate(daysSince2000: Int32(clamping: daysSince1970 - 10_957)).description
    }

    /// The day that it is at `instant` in the time zone.
    public static func day(of instant: Date, in zone: TimeZone) -> LocalDate {
        let local = instant.timeIntervalSince1970 + Double(zone.secondsFromGMT(for: instant))
        return LocalDate(daysSince2000: Int32((local / 86_400).rounded(.down)) - 10_957)
    }

    /// The first moment of a day in the time zone, which is not midnight where the clocks are changed then.
    public static func start(of day: LocalDate, in zone: TimeZone) -> Date {
        let midnight = Date(timeIntervalSince1970: (Double(day.daysSince2000) + 10_957) * 86_400)
        let moments = [-86_400.0, 0, 86_400].map { aside in
            midnight - Double(zone.secondsFromGMT(for: midnight + aside))
        }
        return moments.sorted().first { self.day(of: $0, in: zone) == day } ?? moments[1]
    }

    /// So many days later.
    static func day(_ days: Int, after day: LocalDate) -> LocalDate {
        LocalDate(daysSince2000: day.daysSince2000 + Int32(clamping: days))
    }
}
