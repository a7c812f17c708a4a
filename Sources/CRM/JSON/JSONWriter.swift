public import Foundation
import Postgres

/// Writes JSON as bytes, in one pass and in the order in which things are told.
///
/// Objects tell their members with ``member(_:_:_:isPersonal:)``. The same telling is read in two more ways: a selection writes
/// some of the outermost object's members (`fields=`), and a description notes what members there are (``JSONSchema``).
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    /// The members of the outermost object that are written; `nil` for all.
    private var selection: Set<String>?
    /// The members told so far, where they are described and not written.
    private var description: [JSONSchema.Property]?
    /// The members told so far, where each is wanted by itself.
    private var parts: [Part]?

    /// One member of an object by itself.
    struct Part: Sendable {
        let name: String
        /// JSON.
        let value: [UInt8]
        let isPersonal: Bool
    }

    public init(selection: Set<String>? = nil, capacity: Int = 960) {
        self.selection = selection
        bytes.reserveCapacity(capacity)
    }

    /// The bytes of one value.
    ///
    /// - Parameter selection: the members of the value's outermost object, or of the items of an outermost list, to write.
    public static func bytes(of value: some JSONRepresentable, selection: Set<String>? = nil) -> [UInt8] {
        var writer = JSONWriter(selection: selection)
        value.write(to: &writer)
        return writer.bytes
    }

    /// What members an object tells.
    static func properties(_ tell: (inout JSONWriter) -> Void) -> [JSONSchema.Property] {
        var writer = JSONWriter(capacity: 0)
        writer.description = []
        tell(&writer)
        return writer.description ?? []
    }

    /// The members of an object one by one.
    static func parts(of object: some JSONObject) -> [Part] {
        var writer = JSONWriter(capacity: 0)
        writer.parts = []
        object.members(&writer)
        return writer.parts ?? []
    }

    // MARK: Structure

    /// Writes an object whose members are told in the closure.
    public mutating func object(_ tell: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        tell(&self)
        close(UInt8(ascii: "}"))
    }

    /// Writes a list; the selection stays for its items.
    public mutating func array<Items: Sequence>(_ items: Items) where Items.Element: JSONRepresentable {
        open(UInt8(ascii: "["))
        for item in items { element(item) }
        close(UInt8(ascii: "]"))
    }

    /// Writes a page of a list; the selection stays for its items.
    mutating func page(_ items: [some JSONRepresentable], nextCursor: String?) {
        open(UInt8(ascii: "{"))
        write("data")
        array(items)
        write("next_cursor")
        nextCursor.write(to: &self)
        close(UInt8(ascii: "}"))
    }

    /// Tells a member of an object.
    ///
    /// - Parameters:
    ///   - name: in snake_case, of letters that need no escape.
    ///   - description: for the API's documentation.
    ///   - isPersonal: whether the value tells something of a person, so that the audit log keeps it where erasure finds it.
    public mutating func member<Value: JSONRepresentable>(
        _ name: StaticString, _ value: Value, _ description: StaticString, isPersonal: Bool = false
    ) {
        if self.description != nil {
            self.description?.append(
                JSONSchema.Property(
                    name: "\(name)", schema: Value.schema, description: "\(description)", isRequired: true,
                    isPersonal: isPersonal, example: JSONWriter.bytes(of: value)))
            return
        }
        if parts != nil {
            parts?.append(Part(name: "\(name)", value: JSONWriter.bytes(of: value), isPersonal: isPersonal))
            return
        }
        guard let selection else {
            write(name)
            value.write(to: &self)
            needsComma = true
            return
        }
        guard selection.contains("\(name)") else { return }
        self.selection = nil
        write(name)
        value.write(to: &self)
        needsComma = true
        self.selection = selection
    }

    /// A member whose name is data.
    public mutating func member(named name: String, _ value: some JSONRepresentable) {
        separate()
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        value.write(to: &self)
        needsComma = true
    }

    /// An item of a list that is written by hand.
    mutating func element(_ item: some JSONRepresentable) {
        separate()
        needsComma = false
        item.write(to: &self)
        needsComma = true
    }

    private mutating func write(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func open(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    /// A value that is JSON already.
    mutating func verbatim(_ json: [UInt8]) { bytes += json }

    // MARK: Values

    public mutating func null() { raw("null") }

    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    public mutating func integer(_ value: Int) {
        if (0...9).contains(value) {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
        } else {
            bytes.append(contentsOf: String(value).utf8)
        }
    }

    /// A number that is not finite has no form in JSON and becomes null.
    public mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        if let integer = Int(exactly: value), abs(integer) < 1 << 53 { return self.integer(integer) }
        bytes.append(contentsOf: "\(value)".utf8)
    }

    public mutating func number(_ value: Decimal) { bytes.append(contentsOf: value.description.utf8) }

    public mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func string(_ value: StaticString) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
    }

    /// A time in UTC with microseconds: `"2026-11-22T08:30:00.123456Z"`.
    public mutating func time(_ value: Date) {
        let microseconds = Int64((value.timeIntervalSince1970 * 1_000_000).rounded())
        let (days, inDay) = microseconds.floored(by: 86_400_000_000)
        let seconds = Int(inDay / 1_000_000)
        bytes.append(UInt8(ascii: "\""))
        let day = CalendarDay(daysSince1970: Int(days))
        digits(day.year, 4)
        bytes.append(UInt8(ascii: "-"))
        digits(day.month, 2)
        bytes.append(UInt8(ascii: "-"))
        digits(day.day, 2)
        for (separator, part) in [("T", seconds / 3600), (":", seconds / 60 % 60), (":", seconds % 60)]
            as [(Unicode.Scalar, Int)]
        {
            bytes.append(UInt8(ascii: separator))
            digits(part, 2)
        }
        bytes.append(UInt8(ascii: "."))
        digits(Int(inDay % 1_000_000), 6)
        bytes.append(UInt8(ascii: "Z"))
        bytes.append(UInt8(ascii: "\""))
    }

    /// In lower case, as PostgreSQL writes it.
    public mutating func uuid(_ value: UUID) {
        bytes.append(UInt8(ascii: "\""))
        withUnsafeBytes(of: value.uuid) { octets in
            for (index, octet) in octets.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 { bytes.append(UInt8(ascii: "-")) }
                bytes.append(Self.hexadecimal[Int(octet >> 4)])
                bytes.append(Self.hexadecimal[Int(octet & 15)])
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// JSON that is there already.
    mutating func raw(_ json: [UInt8]) { bytes.append(contentsOf: json) }

    private mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func digits(_ number: Int, _ count: Int) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Copies runs that need no escape at once. (RFC 8259, section 7.)
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            start = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
            case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
            case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
            default:
                bytes.append(contentsOf: "u00".utf8)
                bytes.append(Self.hexadecimal[Int(byte >> 4)])
                bytes.append(Self.hexadecimal[Int(byte & 15)])
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }
}

extension Int64 {
    fileprivate func floored(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// A day of the Gregorian calendar, for years 0 to 9999.
private struct CalendarDay {
    let year: Int
    let month: Int
    let day: Int

    /// (H. Hinnant, “chrono-compatible low-level date algorithms”, civil_from_days.)
    init(daysSince1970: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
