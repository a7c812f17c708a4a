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
}
