import Foundation
import Testing

@testable import JobQueue

@Suite("Cron expressions")
struct CronExpressionTests {
    @Test(arguments: [
        ("*", Array(0...59)), ("*/15", [0, 15, 30, 45]), ("7", [7]), ("07", [7]), ("10-50/10", [10, 20, 30, 40, 50]),
        ("5/15", [5, 20, 35, 50]), ("50-52", [50, 51, 52]), ("1,3,3,58-59,*/30", [0, 1, 3, 30, 58, 59]), ("*/60", [0]),
    ])
    func `A field takes every value, single ones, ranges, lists and steps`(text: String, values: [Int]) throws {
        #expect(try Self.values(CronExpression("\(text) * * * *").minutes) == values)
    }

    @Test(arguments: [
        ("*", Array(0...6)), ("0", [0]), ("7", [0]), ("SUN", [0]), ("mon-Fri", [1, 2, 3, 4, 5]), ("sat,3", [3, 6]),
        ("fri-mon", [0, 1, 5, 6]), ("fri-mon/2", [0, 5]), ("6-0", [0, 6]), ("5-7", [0, 5, 6]), ("7-2", [0, 1, 2]),
        ("7-0", [0]), ("sun-sat", Array(0...6)), ("1/2", [0, 1, 3, 5]), ("*/2", [0, 2, 4, 6]), ("*/7", [0]),
    ])
    func `Days of the week have names, two Sundays and ranges past the week's end`(text: String, days: [Int]) throws {
        #expect(try Self.values(CronExpression("* * * * \(text)").daysOfWeek) == days)
    }

    @Test func `The other fields have their own values and names, and 200 characters are read`() throws {
        let expression = try CronExpression(" */6\t20/2  1,L jan,Mar-MAY,12 * ")
        #expect(Self.values(expression.hours) == [20, 22])
        #expect(Self.values(expression.daysOfMonth) == [1, CronField.lastDay])
        #expect(Self.values(expression.months) == [1, 3, 4, 5, 12])
        #expect(expression.description == "*/6 20/2 1,L jan,Mar-MAY,12 *")
        #expect(try CronExpression(expression.description) == expression)
        #expect(throws: Never.self) { try CronExpression("* * * * " + String(repeating: "1,", count: 95) + "01") }
        #expect(try CronExpression("* * l * *").daysOfMonth == CronExpression("* * L * *").daysOfMonth)
    }

    @Test(arguments: [
        ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@Annually", "0 0 1 1 *"),
    ])
    func `A macro stands for its five fields`(macro: String, meaning: String) throws {
        let (short, long) = try (CronExpression(macro), CronExpression(meaning))
        let fields: [KeyPath<CronExpression, CronField>] = [\.minutes, \.hours, \.daysOfMonth, \.months, \.daysOfWeek]
        for field in fields { #expect(short[keyPath: field] == long[keyPath: field]) }
        #expect(short.description == macro)
    }

    @Test(arguments: [
        ("60 * * * *", "minute: 60 is outside 0-59"), ("* 24 * * *", "hour: 24 is outside 0-23"),
        ("* * 0 * *", "day-of-month: 0 is outside 1-31"), ("* * 32 * *", "day-of-month: 32 is outside 1-31"),
        ("* * * 13 *", "month: 13 is outside 1-12"), ("* * * * 8", "day-of-week: 8 is outside 0-7"),
        ("99999999999999999999 * * * *", "minute: 99999999999999999999 is outside 0-59"),
        ("* * ? * *", #"day-of-month: "?" is not a value"#), ("* * * jam *", #"month: "jam" is not a value"#),
        ("* * * * monday", #"day-of-week: "monday" is not a value"#), ("jan * * * *", #"minute: "jan" is not a value"#),
        ("* * * * L", #"day-of-week: "L" is not a value"#), ("+5 * * * *", #"minute: "+5" is not a value"#),
        ("٥ * * * *", #"minute: "٥" is not a value"#), ("1\n * * * *", #"minute: "1\n" is not a value"#),
        ("* * L-3 * *", #"day-of-month: "L" is not a value"#), ("* * L/2 * *", #"day-of-month: "L" is not a value"#),
        ("* *-5 * * *", #"hour: "*" is not a value"#), ("1-2-3 * * * *", #"minute: "2-3" is not a value"#),
        ("*/2/3 * * * *", #"minute: "2/3" is not a value"#), ("* * * * */mon", #"day-of-week: "mon" is not a value"#),
        ("1,,2 * * * *", "minute: a value is missing"), ("* 5, * * *", "hour: a value is missing"),
        ("* * -5 * *", "day-of-month: a value is missing"), ("* * * 5- *", "month: a value is missing"),
        ("* * * * */", "day-of-week: a value is missing"), ("/5 * * * *", "minute: a value is missing"),
        ("9-1 * * * *", "minute: the range 9-1 runs backwards"), ("* 9-1 * * *", "hour: the range 9-1 runs backwards"),
        ("* * 9-1 * *", "day-of-month: the range 9-1 runs backwards"), ("", "expression: has 0 fields, not 5"),
        ("* * * nov-feb *", "month: the range nov-feb runs backwards"), ("* * * *", "expression: has 4 fields, not 5"),
        ("*/0 * * * *", "minute: the step 0 is outside 1-60"), ("*/90 * * * *", "minute: the step 90 is outside 1-60"),
        ("* */25 * * *", "hour: the step 25 is outside 1-24"),
        ("* * */32 * *", "day-of-month: the step 32 is outside 1-31"),
        ("* * * */13 *", "month: the step 13 is outside 1-12"),
        ("* * * * */8", "day-of-week: the step 8 is outside 1-7"),
        ("0 0 * * * *", "expression: has 6 fields, not 5"), ("@daily *", "expression: has 2 fields, not 5"),
        ("@reboot", #"expression: "@reboot" is not a macro"#),
        ("* * * * " + String(repeating: "1,", count: 96) + "1", "expression: is longer than 200 characters"),
    ])
    func `An error names its field and what is wrong with it`(text: String, message: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        #expect(error?.description == message)
        #expect(error.map { "\($0.field): \($0.detail)" } == message)
    }

    @Test(arguments: [
        ("*/20 9-10 * * *", "2026-05-01T09:59Z", "2026-05-01T10:00Z 2026-05-01T10:20Z"),
        ("59 23 31 12 *", "2026-12-31T23:58Z", "2026-12-31T23:59Z 2027-12-31T23:59Z"),
        ("0 0 L 2 *", "2026-02-01T00:00Z", "2026-02-28T00:00Z 2027-02-28T00:00Z 2028-02-29T00:00Z"),
        ("0 6 1,L * *", "2026-04-01T06:00Z", "2026-04-30T06:00Z 2026-05-01T06:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00Z", "2026-03-31T00:00Z 2026-05-31T00:00Z"),
        ("0 0 29 2 *", "2096-02-29T00:00Z", "2104-02-29T00:00Z"),
        ("30 8 * * 7", "1969-12-27T00:00Z", "1969-12-28T08:30Z 1970-01-04T08:30Z"),
        // Both restricted: the 13th or a Friday.
        ("0 0 13 * fri", "2026-03-06T00:00Z", "2026-03-13T00:00Z 2026-03-20T00:00Z"),
        ("0 0 13 * fri", "2026-04-10T00:00Z", "2026-04-13T00:00Z 2026-04-17T00:00Z"),
        // One begins with `*`: an odd day that is a Monday, the 13th if it is an even day of the week.
        ("0 0 */2 * mon", "2026-06-01T00:00Z", "2026-06-15T00:00Z 2026-06-29T00:00Z"),
        ("0 0 13 * */2", "2026-01-13T00:00Z", "2026-06-13T00:00Z 2026-08-13T00:00Z"),
    ])
    func `Dates follow the calendar and both fields of days`(text: String, start: String, fires: String) throws {
        #expect(try Self.fires(text, in: "UTC", after: start, like: fires) == fires)
    }

    @Test(arguments: [
        // 2:00 to 3:00 is skipped: once, after the gap.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T03:00+02:00 2026-03-30T02:30+02:00"),
        ("0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:59Z", "2026-03-29T03:00+02:00 2026-03-30T02:00+02:00"),
        ("*/9 2,3 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-08T03:00-04:00 2026-03-08T03:09-04:00"),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", "2026-10-04T02:30+11:00 2026-10-05T02:15+11:00"),
        ("0 0 22 3 *", "Asia/Tehran", "2022-01-01T00:00Z", "2022-03-22T01:00+04:30 2023-03-22T00:00+03:30"),
        // Every hour: the one that is skipped has no time to fire at.
        ("30 * * * *", "Europe/Berlin", "2026-03-29T00:15Z", "2026-03-29T01:30+01:00 2026-03-29T03:30+02:00"),
        // 2:00 to 3:00 comes twice: the first time, also when asked the second.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T02:30+02:00 2026-10-26T02:30+01:00"),
        ("45 2 * * *", "Europe/Berlin", "2026-10-25T01:15Z", "2026-10-26T02:45+01:00"),
        ("*/30 1 * * *", "America/New_York", "2026-11-01T05:00Z", "2026-11-01T01:30-04:00 2026-11-02T01:00-05:00"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00Z", "2026-04-05T01:45+11:00 2026-04-06T01:45+10:30"),
        // Every hour: both times.
        ("30 * * * *", "Europe/Berlin", "2026-10-25T00:00Z", "2026-10-25T02:30+02:00 2026-10-25T02:30+01:00"),
        ("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00Z", "2026-04-05T01:45+11:00 2026-04-05T01:45+10:30"),
        ("0 * 21 9 *", "Asia/Tehran", "2021-09-21T18:30Z", "2021-09-21T23:00+03:30 2022-09-21T00:00+04:30"),
        // A day without hours, and a zone that no longer changes.
        ("0 9 * * *", "Pacific/Apia", "2011-12-29T20:00Z", "2011-12-31T00:00+14:00 2011-12-31T09:00+14:00"),
        ("0 0 30 12 *", "Pacific/Apia", "2011-12-29T20:00Z", "2011-12-31T00:00+14:00 2012-12-30T00:00+14:00"),
        ("0 0 * * *", "Pacific/Apia", "2011-12-29T20:00Z", "2011-12-31T00:00+14:00 2012-01-01T00:00+14:00"),
        ("0 8 * * sat", "Asia/Tehran", "2026-03-20T00:00Z", "2026-03-21T08:00+03:30 2026-03-28T08:00+03:30"),
    ])
    func `Times that are skipped or come twice fire once`(
        text: String, zone: String, start: String, fires: String
    ) throws {
        #expect(try Self.fires(text, in: zone, after: start, like: fires) == fires)
    }

    @Test func `There is no fire time beyond eight years, nor after a date that is none`() throws {
        let utc = TimeZone.gmt
        for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * 31 2 *"] {
            #expect(try CronExpression(text).next(after: .now, in: utc) == nil)
        }
        // The leap day is a Sunday in 2032, and in 2004 before that.
        let rare = try CronExpression("0 0 29 2 */7")
        let leap = try Date("2032-02-29T00:00:00Z", strategy: .iso8601)
        #expect(rare.next(after: try Date("2024-02-29T00:00:00Z", strategy: .iso8601), in: utc) == leap)
        #expect(rare.next(after: try Date("2024-02-28T23:59:59Z", strategy: .iso8601), in: utc) == nil)
        for seconds in [Double.infinity, -.infinity, .nan, 1e300] {
            #expect(rare.next(after: Date(timeIntervalSince1970: seconds), in: utc) == nil)
        }
        #expect(try CronExpression("* * * * *").next(after: .distantPast, in: utc) != nil)
    }

    @Test(arguments: ReferenceWindow.all)
    func `Around changes of the clock next() agrees with a walk over every minute`(window: ReferenceWindow) throws {
        let minutes = try window.minutes()
        var generator = Xorshift(state: window.description.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<40 {
            let rule = ReferenceRule(&generator)
            let expression = try CronExpression(rule.text)
            let expected = rule.fires(over: minutes)
            let zone = try #require(TimeZone(identifier: window.zone))
            let (start, end) = try (window.start(), window.start() + window.seconds)
            var fires: [Date] = []
            var date = start - 1
            while let next = expression.next(after: date, in: zone), next < end {
                try #require(next > date, "\(rule.text) in \(window)")
                fires.append(next)
                date = next
            }
            #expect(fires == expected, "\(rule.text) in \(window)")
            for _ in 0..<20 {
                let date = start + Double.random(in: 0..<window.seconds, using: &generator)
                let next = expression.next(after: date, in: zone)
                let first = expected.first { $0 > date }
                #expect(first != nil ? next == first : (next ?? end) >= end, "\(rule.text) after \(date) in \(window)")
            }
        }
    }

    @Test(arguments: ["Asia/Tehran", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
    func `Fire times ascend over years, and the later the start the later the next`(zone: String) throws {
        let timeZone = try #require(TimeZone(identifier: zone))
        for text in ["0 * * * *", "*/10 1-3 * * sun", "0 */2 1-7,L * sat", "30 2,23 * * *", "59 0 29 2 *"] {
            let expression = try CronExpression(text)
            var date = try Date("2010-01-01T00:00:00Z", strategy: .iso8601)
            for _ in 0..<1_000 {
                guard let next = expression.next(after: date, in: timeZone) else { break }
                try #require(next > date, "\(text) in \(zone)")
                let between = date + next.timeIntervalSince(date) * 0.7
                #expect(expression.next(after: between, in: timeZone) == next)
                #expect(expression.next(after: next - 0.25, in: timeZone) == next)
                date = next
            }
        }
    }

    private static func values(_ field: CronField) -> [Int] { (0..<64).filter(field.contains) }

    /// As many fire times as `times` has, on the wall clock.
    private static func fires(_ text: String, in zone: String, after start: String, like times: String) throws -> String
    {
        let expression = try CronExpression(text)
        let timeZone = try #require(TimeZone(identifier: zone))
        let style = Date.ISO8601FormatStyle(timeZoneSeparator: .colon, timeZone: timeZone)
        var date = try Date(start.replacing("Z", with: ":00Z"), strategy: .iso8601)
        return try times.split(separator: " ").map { _ in
            date = try #require(expression.next(after: date, in: timeZone))
            return date.formatted(style).replacing(#/:00(?=[Z+-])/#, with: "")
        }.joined(separator: " ")
    }
}

/// Three days in a zone, in most cases around a change of the clock, minute by minute.
struct ReferenceWindow: Sendable, CustomStringConvertible {
    let zone: String
    let day: String
    let seconds = 3 * 86_400.0

    /// What the clock shows at an instant, and which of its times it is the first to reach.
    typealias Minute = (instant: Date, shown: DateComponents, reached: [DateComponents])

    static let all = [
        ("Europe/Berlin", "2026-03-28"), ("Europe/Berlin", "2026-10-24"), ("America/New_York", "2026-03-07"),
        ("America/New_York", "2026-10-31"), ("Pacific/Apia", "2011-12-29"), ("UTC", "2028-02-28"),
        ("Australia/Lord_Howe", "2026-04-03"), ("Australia/Lord_Howe", "2026-10-02"), ("Asia/Tehran", "2021-03-20"),
        ("Asia/Tehran", "2021-09-20"), ("Asia/Tehran", "2022-09-20"), ("Asia/Tehran", "2026-03-20"),
    ].map(ReferenceWindow.init)

    var description: String { "\(zone) from \(day)" }

    func start() throws -> Date { try Date("\(day)T00:00:00Z", strategy: .iso8601) }

    func minutes() throws -> [Minute] {
        let zone = try #require(TimeZone(identifier: zone))
        var utc = Calendar(identifier: .gregorian)
        utc.timeZone = .gmt
        let start = try start()
        var latest = start - 60 + Double(zone.secondsFromGMT(for: start - 60))
        return stride(from: start, to: start + seconds, by: 60).map { instant in
            let wall = instant + Double(zone.secondsFromGMT(for: instant))
            let times = stride(from: min(latest + 60, wall), through: wall, by: 60).map {
                utc.dateComponents([.minute, .hour, .day, .month, .weekday], from: $0)
            }
            defer { latest = max(latest, wall) }
            return (instant, times[times.count - 1], wall > latest ? times : [])
        }
    }
}

/// A random expression, as text and as what the text means.
struct ReferenceRule {
    typealias Field = (text: String, values: Set<Int>)

    private var fields: [Field]
    var text: String { fields.map(\.text).joined(separator: " ") }

    init(_ generator: inout Xorshift) {
        fields = [
            Self.field(0...59, stars: 0.3, &generator), Self.field(0...23, stars: 0.4, &generator),
            Self.field(1...31, stars: 0.5, &generator), Self.field(1...12, stars: 0.9, &generator),
            Self.field(0...7, stars: 0.5, &generator),
        ]
        if fields[4].values.contains(7) { fields[4].values.insert(0) }
    }

    private static func field(_ all: ClosedRange<Int>, stars: Double, _ generator: inout Xorshift) -> Field {
        let low = Int.random(in: all, using: &generator)
        let high = Int.random(in: low...all.upperBound, using: &generator)
        let step = Int.random(in: 1...6, using: &generator)
        if Double.random(in: 0..<1, using: &generator) < stars {
            if Bool.random(using: &generator) { return ("*", Set(all)) }
            return ("*/\(step)", Set(stride(from: all.lowerBound, through: all.upperBound, by: step)))
        }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return ("\(low)", [low])
        case 1: return ("\(low),\(high)", [low, high])
        case 2: return ("\(low)/\(step)", Set(stride(from: low, through: all.upperBound, by: step)))
        default: return ("\(low)-\(high)/\(step)", Set(stride(from: low, through: high, by: step)))
        }
    }

    func fires(over minutes: [ReferenceWindow.Minute]) -> [Date] {
        let isHourly = fields[1].values.count == 24
        return minutes.filter { isHourly ? matches($0.shown) : $0.reached.contains(where: matches) }.map(\.instant)
    }

    private func matches(_ time: DateComponents) -> Bool {
        func fits(_ field: Int, _ part: Int?) -> Bool { part.map(fields[field].values.contains) ?? false }
        guard fits(0, time.minute), fits(1, time.hour), fits(3, time.month) else { return false }
        // The calendar's weekdays begin with 1 for Sunday.
        let (isDay, isWeekday) = (fits(2, time.day), fits(4, time.weekday.map { $0 - 1 }))
        let isEither = fields[2].text.first != "*" && fields[4].text.first != "*"
        return isEither ? isDay || isWeekday : isDay && isWeekday
    }
}

/// Gives the same numbers in each run. (Marsaglia, "Xorshift RNGs", 2003.)
struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
