import Foundation

/// What a password must not be beside too short: what whoever guesses tries first. Which letters it has is the member's own
/// affair. (NIST SP 800-63B, section 5.1.1.2)
enum PasswordRules {
    /// - Parameters:
    ///   - pointer: where the password stands.
    ///   - name: the member's.
    ///   - email: the member's.
    /// - Throws: ``ServiceError/invalid(_:)`` with the code `length`, `repetitive`, `common` or `personal`.
    static func check(_ password: String, _ pointer: String, name: String, email: String) throws {
        let found = MemberRules.password.fault(of: password) ?? weakness(of: password, name: name, email: email)
        if let found { throw ServiceError.invalid(pointer, found.code, found.detail) }
    }

    static func unchanged(_ pointer: String) -> ServiceError {
        .invalid(pointer, "unchanged", "Is the password already; choose another one.")
    }

    /// Whether the two open the same, however they are typed.
    static func areSame(_ one: String, _ other: String) -> Bool {
        one.precomposedStringWithCanonicalMapping == other.precomposedStringWithCanonicalMapping
    }

    private static func weakness(of password: String, name: String, email: String) -> TextRule.Fault? {
        let letters = folded(password)
        if isRepetition(Array(password.lowercased())) || isSequence(letters) {
            return TextRule.Fault(code: "repetitive", detail: "Repeats itself, or is a row of letters, digits or keys.")
        }
        if isCommon(password, letters) {
            return TextRule.Fault(code: "common", detail: "Is one of the passwords that are tried first.")
        }
        if isPersonal(letters, name: name, email: email) {
            return TextRule.Fault(code: "personal", detail: "Is little more than the member's own name or address.")
        }
        return nil
    }

    /// Letters in lower case and digits, those of every script as ASCII ones; nothing else.
    private static func folded(_ text: String) -> [Character] {
        text.precomposedStringWithCompatibilityMapping.lowercased().compactMap { character in
            if let digit = character.wholeNumberValue, (0...9).contains(digit) { return Character(String(digit)) }
            return character.isLetter ? character : nil
        }
    }

    // MARK: Repetitions and sequences

    /// Few different characters, or a part again and again that would be too short by itself.
    private static func isRepetition(_ characters: [Character]) -> Bool {
        if Set(characters).count < 4 { return true }
        return (1..<MemberRules.shortestPassword).contains { unit in
            characters.count >= 2 * unit && zip(characters, characters.dropFirst(unit)).allSatisfy { $0 == $1 }
        }
    }

    /// Nothing but pieces of rows, three or more in each, upwards or downwards.
    private static func isSequence(_ letters: [Character]) -> Bool {
        var run = 1
        for (one, next) in zip(letters, letters.dropFirst()) {
            if one == next || neighbours[one]?.contains(next) == true {
                run += 1
            } else {
                guard run >= 3 else { return false }
                run = 1
            }
        }
        return run >= 3
    }

    /// Alphabets, and keyboards along their rows and columns.
    private static let rows = [
        "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertz", "azerty", "1qaz",
        "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدئو",
        "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی",
    ]

    private static let neighbours: [Character: Set<Character>] = {
        var found: [Character: Set<Character>] = [:]
        for row in rows {
            for (one, next) in zip(row, row.dropFirst()) {
                found[one, default: []].insert(next)
                found[next, default: []].insert(one)
            }
        }
        return found
    }()

    // MARK: Words

    private static func isCommon(_ password: String, _ letters: [Character]) -> Bool {
        CommonPasswords.all.contains(String(letters)) || CommonPasswords.words.contains(core(password))
    }

    /// The word within digits and signs, those that stand for letters read as such: `P@ssw0rd2024!` is `password`.
    private static func core(_ password: String) -> String {
        let characters = Array(password.lowercased())
        guard let first = characters.firstIndex(where: \.isLetter),
            let last = characters.lastIndex(where: \.isLetter)
        else { return "" }
        return String(characters[first...last].compactMap { lookalikes[$0] ?? ($0.isLetter ? $0 : nil) })
    }

    private static let lookalikes: [Character: Character] = [
        "@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t",
    ]

    private static func isPersonal(_ letters: [Character], name: String, email: String) -> Bool {
        let password = String(letters)
        let local = String(email.prefix { $0 != "@" })
        for text in [name, email, local] {
            let part = folded(text)
            if part.count >= 3, 2 * part.count > letters.count, password.contains(String(part)) { return true }
        }
        return false
    }
}
