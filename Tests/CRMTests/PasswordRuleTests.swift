import Testing

@testable import CRM

/// Which passwords are refused, and as what.
@Suite("Password rules")
struct PasswordRuleTests {
    private func code(_ password: String, email: String = "mira.rezaei@team.example") -> String? {
        do {
            try PasswordRules.check(password, "/password", name: "Mira Rezaei", email: email)
            return nil
        } catch ServiceError.invalid(let errors) {
            #expect(errors.count == 1 && errors[0].pointer == "/password")
            return errors[0].code
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        "correct horse battery", "staple and more", "gT7#kq!2Vx", "یک جملهٔ بی‌ربط", "Mira walks to the sea",
        "poiuy mango 77", "abc is for the alphabet", "tehran has mountains",
    ])
    func `Any other password is taken`(password: String) {
        #expect(code(password) == nil)
    }

    @Test(arguments: ["", "short", "nine char", String(repeating: "longer ", count: 29)])
    func `Too short and too long is told by its length`(password: String) {
        #expect(code(password) == "length")
    }

    @Test(arguments: [
        "1234567890", "0987654321", "1234554321", "abcdefghij", "qwertyuiop", "qwertyuiop123", "1qaz2wsx3edc",
        "1111111111", "aaaaaaaaaaaa", "abababababab", "mango7mango7", "!!!!!!!!!!!!", "۱۲۳۴۵۶۷۸۹۰", "asdfghjkl;asdf",
        "zyxwvutsrq",
    ])
    func `Repetitions and rows are told as such`(password: String) {
        #expect(code(password) == "repetitive")
    }

    @Test(arguments: [
        "password1234", "Password2026!", "P@ssw0rd123!", "iloveyou1234", "!!Welcome2024", "administrator",
        "letmein-1999", "Tehran-1402!", "correcthorsebatterystaple",
    ])
    func `Common ones are told as such, whatever stands around them`(password: String) {
        #expect(code(password) == "common")
    }

    @Test(arguments: [
        "mira.rezaei@team.example", "MiraRezaei1", "Mira  Rezaei", "mira_rezaei99", "1MIRA-REZAEI",
    ])
    func `The member's own name and address are told as such`(password: String) {
        #expect(code(password) == "personal")
    }

    @Test func `An address that is a small part of a password does no harm`() {
        #expect(code("sea and mountains of mira", email: "mira@team.example") == nil)
        #expect(PasswordRules.areSame("caf\u{E9} horse", "cafe\u{301} horse"))
    }

    @Test func `The list holds nothing that could never be chosen`() {
        #expect(CommonPasswords.all.count > 200)
        for password in CommonPasswords.all { #expect(password.count >= MemberRules.shortestPassword, "\(password)") }
    }
}
