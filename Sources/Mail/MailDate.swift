#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The `date-time` of RFC 5322 section 3.3 in UTC, such as `Sat, 21 Nov 2026 10:00:00 +0000`.
///
/// A year outside 1900…9999, which the format cannot carry, becomes the nearest one that it can.
enum MailDate {
    static func string(_ date: Date) -> String {
        let seconds = Int(min(max(date.timeIntervalSince1970.rounded(.down), -2_208_988_800), 253_402_300_799))
        let day = Int((Double(seconds) / 86400).rounded(.down))
        let time = seconds - day * 86400
        let (year, month, dayOfMonth) = civil(day)
        let weekday = weekdays[((day + 4) % 7 + 7) % 7]
        let clock = [time / 3600, time / 60 % 60, time % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(weekday), \(dayOfMonth) \(months[month - 1]) \(year) \(clock.joined(separator: ":")) +0000"
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: eras of 400 years whose years
    /// begin in March, so that the leap day is the last one.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
