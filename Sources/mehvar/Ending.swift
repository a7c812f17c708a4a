import ArgumentParser
import CRM
import Foundation
import Postgres

/// How a command ends that did not do what it should.
enum Ending {
    /// The command line or the configuration is wrong: 64 (EX_USAGE), with the usage of the command, as ArgumentParser ends for
    /// what it finds itself.
    static func misuse(_ text: String, of command: any ParsableCommand.Type) -> Never {
        let usage = Mehvar.usageString(for: command)
        let words = usage.split(separator: " ").prefix { $0.first?.isLetter == true }.joined(separator: " ")
        tell("Error: \(text)\nUsage: \(usage)\n  See '\(words) --help' for more information.")
        Foundation.exit(ExitCode.validationFailure.rawValue)
    }

    /// What was asked for could be understood, and could not be done.
    static func failure(_ text: String) -> Never {
        tell("Error: \(text)")
        Foundation.exit(ExitCode.failure.rawValue)
    }
}

/// An operation that failed, in words for people.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension FieldError {
    /// With the flag that the value was given by, for the member of the API's body that it became.
    var flagged: String {
        let name = pointer.split(separator: "/").first ?? ""
        let flag: Substring =
            switch name {
            case "expires_at": "expires-in-days"
            case "roles": "role"
            case "scopes": "scope"
            default: name.replacing("_", with: "-")
            }
        return "--\(flag): \(detail)"
    }

    /// With its place in a file.
    fileprivate var placed: String {
        let place = row.map { row in "row \(row)" + (column.map { ", \($0)" } ?? "") } ?? pointer
        return "\(place): \(detail)"
    }
}

extension PostgresError {
    var explanation: String {
        if state == .undefinedTable || state == .invalidSchemaName {
            return "The database has no schema yet, or an older one: run `mehvar migrate`."
        }
        guard case .connection(let why) = reason else { return "\(self)" + (report.map { ": \($0.message)" } ?? "") }
        return "connection failed: \(why)\nMEHVAR_DATABASE_URL names the database; see `mehvar --help`."
    }
}

extension ServiceError {
    var explanation: String {
        switch self {
        case .invalid(let errors): errors.map(\.placed).joined(separator: "\n       ")
        case .notFound(let kind): "There is no such \(kind)."
        case .conflict(_, let detail): detail
        case .stale: "The object has changed meanwhile; try again."
        case .unauthenticated: "Not signed in."
        case .forbidden(let scope): "The scope \(scope) is missing."
        case .tenantSuspended: "The tenant is suspended."
        case .lockedOut: "Too many wrong passwords for the address."
        case .deadLink: "The link has ended."
        case .membersOnly: "Only a member who has signed in can do it."
        case .ownersOnly: "Only an owner can do it."
        case .overloaded: "Too many wait for the same."
        case .inFlight, .keyReused, .replay: "The request was made before."
        }
    }
}
