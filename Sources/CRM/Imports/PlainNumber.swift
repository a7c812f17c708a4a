import Foundation
import Postgres

/// Numbers and days as people type them, in ASCII, Persian or Arabic digits.
enum PlainNumber {
    /// The text with Persian and Arabic digits and decimal points as their ASCII equals, and without the sign between thousands where
    /// it stands between thousands.
    static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let ascii: UInt32? =
                switch scalar.value {
                case 0x0660...0x0669: scalar.value - 0x0660 + 0x30
                case 0x06F0...0x06F9: scalar.value - 0x06F0 + 0x30
                case 0x066B: 0x2E
                default: nil
                }
            folded.append(ascii.flatMap(Unicode.Scalar.init) ?? scalar)
        }
        let number = String(folded)
        return number.wholeMatch(of: /[+-]?[0-9]{1,3}(?:\x{066C}[0-9]{3})+(?:\.[0-9]+)?/) == nil
            ? number : number.replacing("\u{066C}", with: "")
    }

    /// A whole number above zero that `integer` holds.
    static func quantity(_ text: String) -> Int32? {
        let text = folded(text)
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(text), number > 0 else {
            return nil
        }
        return number
    }

    /// A day as `YYYY-MM-DD` or with slashes; one of the years 1200 to 1599 is of the Persian calendar (سال هجری شمسی).
    ///
    /// - Parameter first: the first year of the Gregorian calendar that can be meant.
    static func day(_ text: String, from first: Int = 1900) -> LocalDate? {
        let text = folded(text).utf8
        guard text.count == 10 else { return nil }
        var numbers = (0, 0, 0)
        for (index, byte) in text.enumerated() {
            if index == 4 || index == 7 {
                guard byte == 0x2D || byte == 0x2F else { return nil }
                continue
            }
            guard (0x30...0x39).contains(byte) else { return nil }
            let digit = Int(byte) - 0x30
            switch index {
            case 0..<4: numbers.0 = numbers.0 * 10 + digit
            case 5..<7: numbers.1 = numbers.1 * 10 + digit
            default: numbers.2 = numbers.2 * 10 + digit
            }
        }
        if persianYears.contains(numbers.0) { return persianDay(numbers.0, numbers.1, numbers.2) }
        guard numbers.0 >= first else { return nil }
        return LocalDate(year: numbers.0, month: numbers.1, day: numbers.2)
    }

    private static let persianYears = 1200...1599

    private static func persianDay(_ year: Int, _ month: Int, _ day: Int) -> LocalDate? {
        var calendar = Calendar(identifier: .persian)
        calendar.timeZone = .gmt
        let parts = DateComponents(calendar: calendar, year: year, month: month, day: day)
        guard parts.isValidDate(in: calendar), let date = calendar.date(from: parts) else { return nil }
        return LocalDay.day(of: date, in: .gmt)
    }
}

/// An amount with up to 14 digits before the point and 4 behind it, exactly: what `Decimal(plain:)` reads, at a tenth of the cost.
struct PlainAmount: PostgresEncodable, Equatable {
    let tenThousandths: Int64

    /// For people whose text is none.
    static let detail = "A number such as 1250 or 12.50: at most 14 digits and 4 decimal places."

    init(tenThousandths: Int64) { self.tenThousandths = tenThousandths }

    init?(_ text: String) {
        var number: Int64 = 0
        var whole = 0
        var fraction: Int?
        var isNegative = false
        for (index, byte) in PlainNumber.folded(text).utf8.enumerated() {
            switch byte {
            case 0x30...0x39:
                if let places = fraction { fraction = places + 1 } else { whole += 1 }
                // Before the number grows: it has room for no more.
                guard whole <= 14, fraction ?? 0 <= 4 else { return nil }
                number = number * 10 + Int64(byte - 0x30)
            case 0x2E where fraction == nil: fraction = 0
            case 0x2D where index == 0: isNegative = true
            default: return nil
            }
        }
        guard whole > 0, fraction != 0 else { return nil }
        for _ in (fraction ?? 0)..<4 { number *= 10 }
        tenThousandths = isNegative ? -number : number
    }

    static var postgresType: PostgresType { .numeric }
    static var postgresArrayType: PostgresType { .numericArray }

    /// Binary `numeric` is digits in base 10,000: the last one here is the fraction.
    func encode(into bytes: inout [UInt8]) {
        var digits: [Int16] = []
        var rest = tenThousandths.magnitude
        while rest > 0 {
            digits.append(Int16(rest % 10_000))
            rest /= 10_000
        }
        Int16(digits.count).encode(into: &bytes)
        Int16(digits.count - 2).encode(into: &bytes)
        Int16(tenThousandths < 0 ? 0x4000 : 0).encode(into: &bytes)
        Int16(4).encode(into: &bytes)
        for digit in digits.reversed() { digit.encode(into: &bytes) }
    }
}
