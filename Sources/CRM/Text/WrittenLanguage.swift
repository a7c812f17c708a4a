package import Foundation

/// How a language is written: its direction, its digits and its dates.
///
/// Persian is written with Persian digits and dated by the Jalali calendar; every other language with ASCII digits and
/// dated by the Gregorian calendar, with its own month names.
package struct WrittenLanguage: Sendable, Hashable {
    /// A BCP 47 tag such as `fa` or `en-GB`; it may come from a tenant, so it must be escaped like any other text.
    package let code: String

    package init(_ code: String) {
        self.code = code
    }

    /// The primary subtag in lower case: `fa` for `fa-IR`.
    package var primary: String {
        let first = code.split(whereSeparator: { $0 == "-" || $0 == "_" }).first
        return first.map { $0.lowercased() } ?? ""
    }

    package var isRightToLeft: Bool {
        ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"].contains(primary)
    }

    /// The value of HTML's `dir`.
    package var direction: String {
        isRightToLeft ? "rtl" : "ltr"
    }

    /// The side on which a line starts, for mail clients that know only `align`.
    package var start: String {
        isRightToLeft ? "right" : "left"
    }

    /// The side on which a line ends.
    package var end: String {
        isRightToLeft ? "left" : "right"
    }

    /// `number` in the language's digits, without grouping.
    package func digits(_ number: Int) -> String {
        guard primary == "fa" else { return String(number) }
        var text = String.UnicodeScalarView()
        for scalar in String(number).unicodeScalars {
            let isDigit = ("0"..."9").contains(scalar)
            text.append(isDigit ? Unicode.Scalar(scalar.value - 0x30 + 0x06F0) ?? scalar : scalar)
        }
        return String(text)
    }

    /// The day on which `instant` falls in `timeZone`: `۱ آذر ۱۴۰۵`, `22 November 2026`.
    package func day(of instant: Date, in timeZone: TimeZone) -> String {
        format("\(day: .defaultDigits) \(month: .wide) \(year: .defaultDigits)", instant, timeZone)
    }

    /// The minute in which `instant` falls in `timeZone`, with the zone's name:
    /// `۱ آذر ۱۴۰۵، ساعت ۱۴:۳۰ به وقت ایران`, `22 November 2026, 14:30 (Iran Time)`.
    package func minute(of instant: Date, in timeZone: TimeZone) -> String {
        let day = day(of: instant, in: timeZone)
        let time = format(
            "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)", instant,
            timeZone)
        let zone = format("\(timeZone: .genericName(.short))", instant, timeZone)
        return primary == "fa" ? "\(day)، ساعت \(time) به \(zone)" : "\(day), \(time) (\(zone))"
    }

    private var locale: Locale {
        switch primary {
        case "fa": Locale(identifier: "fa_IR")
        case "en": Locale(identifier: "en_GB")
        default: Locale(identifier: code)
        }
    }

    private func format(_ pattern: Date.FormatString, _ instant: Date, _ timeZone: TimeZone) -> String {
        var calendar = Calendar(identifier: primary == "fa" ? .persian : .gregorian)
        calendar.timeZone = timeZone
        return instant.formatted(
            Date.VerbatimFormatStyle(format: pattern, locale: locale, timeZone: timeZone, calendar: calendar))
    }
}
