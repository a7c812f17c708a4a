import CRM
import Foundation
import TestSupport
import Testing

/// Customers who may be one, for tests of duplicates.
struct Pairs: Sendable {
    let api: TestAPI
    let business: Business

    static func with(_ body: @escaping @Sendable (Pairs) async throws -> Void) async throws {
        try await HTTPFixture.with { fixture in
            try await body(Pairs(api: fixture.api, business: fixture.business))
        }
    }

    /// A customer of whom so much is known.
    func add(
        _ name: String, email: String? = nil, phone: String? = nil, born: String? = nil, reference: String? = nil,
        kind: String = "person", more: String = ""
    ) async throws -> String {
        let points = [email.map { ("email", $0) }, phone.map { ("phone", $0) }].compactMap(\.self).map {
            #"{"channel": "\#($0)", "address": "\#($1)", "is_primary": true}"#
        }
        let members =
            [#""name": "\#(name)", "kind": "\#(kind)", "contact_points": [\#(points.joined(separator: ", "))]"#]
            + [born.map { #""birth_date": "\#($0)""# }, reference.map { #""reference": "\#($0)""# }].compactMap(\.self)
            + (more.isEmpty ? [] : [more])
        return try await api.addCustomer("{\(members.joined(separator: ", "))}")
    }

    /// Looks through all customers, as the job does.
    @discardableResult
    func scan() async throws -> Answer {
        let begun = try await api.post("/v1/duplicates/scan")
        try #require(begun.status == 202, "\(begun)")
        let id = try #require(try begun.text("id").flatMap { DuplicateRun.ID($0) })
        while try await !DuplicateFinder(database: business.database).scan(business.context, id) {}
        return try await api.get("/v1/duplicate-runs/\(id)")
    }

    /// Looks after what changed, as the jobs do.
    func follow() async throws {
        try await SegmentEvaluator(database: business.database).refreshNoted(business.context)
        try await DuplicateFinder(database: business.database).findNoted(business.context)
    }

    /// Merges many pairs, as the job does.
    func merge(_ body: String? = nil) async throws -> Answer {
        try await end(try await api.post("/v1/duplicates/merge", body))
    }

    /// Undoes a merge of many pairs, as the job does.
    func undo(_ run: String) async throws -> Answer {
        try await end(try await api.post("/v1/duplicate-runs/\(run)/undo"))
    }

    /// Has a run that was begun come to its end, as the job does.
    func end(_ begun: Answer) async throws -> Answer {
        try #require(begun.status == 202, "\(begun)")
        let id = try #require(try begun.text("id").flatMap { DuplicateRun.ID($0) })
        while try await !DuplicateMerger(database: business.database).goOn(business.context, id, skipping: nil) {
        }
        return try await api.get("/v1/duplicate-runs/\(id)")
    }

    /// The pairs of a list: score, reasons and doubts.
    func list(_ query: String = "") async throws -> [String] {
        let answer = try await api.get("/v1/duplicates\(query)")
        try #require(answer.status == 200, "\(answer)")
        func words(_ path: String) throws -> String {
            try answer.list(path).map { if case .string(let text) = $0 { text } else { "-" } }.joined(separator: " ")
        }
        return try answer.list("data").indices.map { index in
            let doubts = try words("data/\(index)/doubts")
            return
                "\(try answer.number("data/\(index)/score") ?? -1) \(try words("data/\(index)/reasons"))\(doubts.isEmpty ? "" : " but \(doubts)")"
        }
    }

    func ids(_ query: String = "") async throws -> [String] { try await api.get("/v1/duplicates\(query)").ids() }
}
