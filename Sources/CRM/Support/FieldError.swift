import Foundation

/// One bad value: where it stands, as a JSON pointer (RFC 6901) into the body, and what is wrong with it.
public struct FieldError: Sendable, Equatable, Codable {
    public let pointer: String
    public let code: String
    public let detail: String
    /// In an uploaded file: the line, the header's being 1.
    public var row: Int?
    public var column: String?

    public init(_ pointer: String, _ code: String, _ detail: String) {
        self.pointer = pointer
        self.code = code
        self.detail = detail
    }

    /// A name of the client's within a pointer (RFC 6901, section 3), cut where it is longer than any name should be.
    public static func escaped(_ name: some StringProtocol) -> String {
        String(name.prefix(100)).replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
    }

    public init(row: Int, column: String, _ code: String, _ detail: String) {
        self.init("/\(row)/\(column)", code, detail)
        self.row = row
        self.column = column
    }
}

extension [FieldError] {
    /// Without those that were there before: what an import or an older version let in must not keep other things from being
    /// changed.
    public func since(_ old: [FieldError]) -> [FieldError] { filter { !old.contains($0) } }

    /// Notes a number that is out of its bounds.
    mutating func check(_ number: Int?, in bounds: ClosedRange<Int>, _ pointer: String) {
        guard let number, !bounds.contains(number) else { return }
        append(FieldError(pointer, "range", "\(bounds.lowerBound) to \(bounds.upperBound)."))
    }

    /// Notes what is wrong with an amount that is not below zero.
    mutating func check(_ money: Money?, _ pointer: String) {
        guard let money else { return }
        TextRule.currency.check(money.currency, "\(pointer)/currency", into: &self)
        if money.amount < 0 { append(FieldError("\(pointer)/amount", "range", "Not below zero.")) }
    }
}
