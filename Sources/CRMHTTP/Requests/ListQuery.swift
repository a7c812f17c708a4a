import CRM
import Foundation
import Hummingbird
import Postgres

/// The query parameters of a list: `limit`, `cursor`, `sort` and declared `filter[name]` and `filter[name][in]`.
///
/// Anything else is refused, so that a misspelt filter does not silently show everything.
struct ListQuery {
    let page: PageRequest
    private let filters: [String: [String]]

    /// - Parameters:
    ///   - sort: the name of the time that the list goes by; `-name` turns it around.
    ///   - descending: the order without `sort`.
    init(_ request: Request, filters allowed: Set<String> = [], sort: String = "created_at", descending: Bool = false)
        throws
    {
        var errors: [FieldError] = []
        var filters: [String: [String]] = [:]
        var limit = 50
        var isDescending = descending
        var cursor: String?
        for (name, value) in QueryString.pairs(of: request) {
            if let error = QueryString.zeroCharacter(name, value) {
                errors.append(error)
                continue
            }
            switch name {
            case "limit":
                if let number = Int(value), PageRequest.limits.contains(number) {
                    limit = number
                } else {
                    errors.append(
                        FieldError(
                            "limit", "range", "\(PageRequest.limits.lowerBound) to \(PageRequest.limits.upperBound)."))
                }
            case "cursor": cursor = value
            case "sort":
                if value == sort || value == "-" + sort {
                    isDescending = value.hasPrefix("-")
                } else {
                    errors.append(FieldError("sort", "unknown", "\(sort) or -\(sort)."))
                }
            default:
                let (filter, values) = Self.filter(name, value)
                if let filter, allowed.contains(filter), filters[filter] == nil {
                    filters[filter] = values
                } else {
                    errors.append(FieldError(name, "unknown", "There is no such parameter, or it stands twice."))
                }
            }
        }
        do {
            page = try PageRequest(limit: limit, isDescending: isDescending, cursor: cursor)
        } catch ServiceError.invalid(let found) {
            page = try PageRequest()
            errors += found.map { FieldError("cursor", $0.code, $0.detail) }
        }
        self.filters = filters
        if !errors.isEmpty { throw RequestProblem.query(errors) }
    }

    private static func filter(_ name: String, _ value: String) -> (name: String?, values: [String]) {
        guard name.hasPrefix("filter["), name.hasSuffix("]") else { return (nil, []) }
        let inner = name.dropFirst(7).dropLast()
        if inner.hasSuffix("][in") {
            return (
                String(inner.dropLast(4)),
                value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            )
        }
        return (String(inner), [value])
    }

    func values(_ name: String) -> [String]? { filters[name] }

    /// - Throws: ``RequestProblem/query(_:)`` for a value that is none of the choices.
    func choices<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type = Choice.self
    ) throws -> [Choice]? {
        try filters[name]?.map { value in
            guard let choice = Choice(rawValue: value) else {
                let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw RequestProblem.query([FieldError("filter[\(name)]", "unknown", "One of \(names).")])
            }
            return choice
        }
    }

    /// - Throws: ``RequestProblem/query(_:)`` for anything but `true` or `false`.
    func flag(_ name: String) throws -> Bool? {
        guard let values = filters[name] else { return nil }
        guard values.count == 1, let flag = Bool(values[0]) else {
            throw RequestProblem.query([FieldError("filter[\(name)]", "invalid", "true or false.")])
        }
        return flag
    }

    /// - Throws: ``RequestProblem/query(_:)`` for what is no UUID, or more than one.
    func identifier<Object>(_ name: String) throws -> Identifier<Object>? {
        guard let values = filters[name] else { return nil }
        guard values.count == 1, let id = Identifier<Object>(values[0]) else {
            throw RequestProblem.query([FieldError("filter[\(name)]", "invalid", "One UUID.")])
        }
        return id
    }
}

/// The query of a request's URL.
enum QueryString {
    /// Names and values in order, decoded.
    static func pairs(of request: Request) -> [(name: String, value: String)] {
        pairs(request.uri.query ?? "")
    }

    /// What is wrong with a parameter that holds the one character that PostgreSQL's texts cannot.
    static func zeroCharacter(_ name: String, _ value: String) -> FieldError? {
        guard (name + value).unicodeScalars.contains("\0") else { return nil }
        return FieldError(name, "invalid", "Holds a character that is not allowed.")
    }

    /// Also the form of an `application/x-www-form-urlencoded` body.
    static func pairs(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    /// Percent escapes and `+`; bytes that are not UTF-8 become replacement characters.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        func nibble(_ letter: UInt8?) -> UInt8? {
            letter.flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map(UInt8.init)
        }
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = nibble(rest.next()), let low = nibble(rest.next()) else { return String(text) }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
