import Foundation
import Postgres
import Testing

@testable import CRM

@Suite("Values as people type them")
struct PlainNumberTests {
    @Test(
        "an amount reads as Decimal reads it",
        arguments: [
            "0", "1", "-1", "12.5", "12.50", "0.0001", "-0.0001", "99999999999999.9999", "100000000000000", "1.00001",
            "", "-",
            ".", "1.", ".5", "1.2.3", "1,5", "1e5", "+1", "--1", "1-", " 1", "NaN", "۱۲۳٫۴۵", "٤٢", "-۷", "000012",
            "00000000000000",
            "000000000000001", "x", "１",
        ])
    func amounts(text: String) throws {
        let isFolded = text.unicodeScalars.allSatisfy { $0.isASCII || PlainNumber.folded(String($0)) != String($0) }
        let expected = isFolded ? Decimal(plain: text) : nil
        let amount = PlainAmount(text)
        #expect(amount.map { Decimal($0.tenThousandths) / 10_000 } == expected)
        if let amount, let expected {
            var bytes: [UInt8] = []
            amount.encode(into: &bytes)
            #expect(bytes.withUnsafeBytes { Decimal.decode($0, as: .numeric) } == expected)
        }
    }

    @Test func `Thousands may stand apart by the sign for it, and by it alone`() {
        #expect(PlainAmount("۱٬۲۳۴") == PlainAmount("1234"))
        #expect(PlainAmount("-۱۲٬۳۴۵٬۶۷۸٫۵") == PlainAmount("-12345678.5"))
        #expect(PlainNumber.quantity("۱٬۲۰۰") == 1200)
        for bad in ["۱٬۲", "۱٬۲۳۴٬۵", "۱۲۳۴٬۵۶۷", "٬۱۲۳", "1,234"] { #expect(PlainAmount(bad) == nil, "\(bad)") }
    }

    @Test("a day is a real one of the Gregorian or the Persian calendar, in any of the three kinds of digits")
    func days() {
        #expect(PlainNumber.day("2026-02-28")?.description == "2026-02-28")
        #expect(PlainNumber.day("۲۰۲۶-۰۲-۲۸")?.description == "2026-02-28")
        #expect(PlainNumber.day("٢٠٢٤-٠٢-٢٩")?.description == "2024-02-29")
        #expect(PlainNumber.day("2026/02/28")?.description == "2026-02-28")
        #expect(PlainNumber.day("۱۴۰۳/۱۲/۳۰")?.description == "2025-03-20")
        #expect(PlainNumber.day("1369-01-01")?.description == "1990-03-21")
        for bad in [
            "2026-02-29", "2026-13-01", "2026-00-10", "26-02-01", "2026-2-1", "2026.02.01", "01.02.2026", "1403-07-31",
            "1700-05-01",
            "2026-02-28 ",
            "2026-02-2x", "", "2026-02-280",
        ] {
            #expect(PlainNumber.day(bad) == nil, "\(bad)")
        }
    }

    @Test("a quantity is a whole number above zero")
    func quantities() {
        #expect(PlainNumber.quantity("3") == 3)
        #expect(PlainNumber.quantity("۱۲") == 12)
        #expect(PlainNumber.quantity("2147483647") == 2_147_483_647)
        for bad in ["0", "-1", "1.5", "2147483648", "", "+3", "x"] {
            #expect(PlainNumber.quantity(bad) == nil, "\(bad)")
        }
    }

    @Test("an amount of more digits than it may have is refused, not computed")
    func longAmounts() {
        for text in [
            "99999999999999.99999", String(repeating: "9", count: 30), "0." + String(repeating: "1", count: 30),
        ] {
            #expect(PlainAmount(text) == nil, "\(text)")
        }
        #expect(PlainAmount("99999999999999.9999")?.tenThousandths == 999_999_999_999_999_999)
    }

    @Test("an e-mail address passes exactly when it matches the pattern")
    func emails() {
        let pattern =
            /[A-Za-z0-9.!#$%&'*+\/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}/
        let pieces = ["a", "b", "1", "-", ".", "@", "_", "é", "+", "com", " ", "\"", String(repeating: "x", count: 62)]
        var passed = 0
        for round in 0..<4000 {
            func pick(_ count: ClosedRange<Int>) -> String {
                (0..<Int.random(in: count)).map { _ in pieces.randomElement() ?? "" }.joined()
            }
            let text = round % 2 == 0 ? pick(0...8) : pick(0...2) + "@" + pick(0...3) + "." + pick(0...2)
            let local = text.prefix { $0 != "@" }
            let isDotString = !local.hasPrefix(".") && !local.hasSuffix(".") && !local.contains("..")
            let expected = text.utf8.count <= 254 && isDotString && text.wholeMatch(of: pattern) != nil
            #expect(Address.isEmail(text) == expected, "\(text)")
            if expected { passed += 1 }
        }
        #expect(passed > 0)
        for good in ["a@b.co", "first.last+tag@sub.domain.example", "a@1.aa"] { #expect(Address.isEmail(good)) }
        for bad in [
            "", "@", "a@b", "a@.co", "a@-b.co", "a@b-.co", "a@b..co", "a@b.c", "a b@c.de", "a@b@c.de", "é@b.co",
            "@b.co", ".a@b.co", "a.@b.co", "a..b@c.de",
        ] {
            #expect(!Address.isEmail(bad), "\(bad)")
        }
    }

    @Test("a telephone number has 4 to 15 digits and the usual separators")
    func phones() {
        for good in ["+98 21 1234-5678", "(021) 12.34/56", "۰۲۱۱۲۳۴", "٠٢١١", "1234"] {
            #expect(Address.isPhone(good), "\(good)")
        }
        for bad in ["", "123", "1234567890123456", "12+34", "phone", "12 34 x", "१२३४", "++1234"] {
            #expect(!Address.isPhone(bad), "\(bad)")
        }
    }
}
