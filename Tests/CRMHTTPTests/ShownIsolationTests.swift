import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// What is shown of one's own, beside a business that has as much of everything.
@Suite("Isolation of what is shown")
struct ShownIsolationTests {
    /// What a request has to ask for beside its path.
    private static func queries(_ operation: Operation) -> [String] {
        switch operation.path {
        case "/v1/customers/search": return ["?q=ada", "?q=dora", "?q=\(mark)"]
        case "/v1/scores":
            let scopes = operation.parameters.first { $0.name == "scope" }?.schema.choices ?? []
            return scopes.map { "?scope=\($0)" }
        default: return [""]
        }
    }

    /// Lists and files in which even a business that has everything has nothing: its file of customers was not read yet. That of orders was.
    private static let empty: Set = [
        "/v1/customers/imports/{id}/rejected-rows", "/v1/customers/imports/{id}/rejected-rows/file",
    ]

    private static let mark = "OfTheirs"

    @Test func `Nothing that is shown holds anything of another tenant, whatever there is to show`() async throws {
        try await Neighbours.with { server, own, other in
            try await server.mark(other.business.tenantID, with: Self.mark)
            let theirs = Self.words(try await server.texts(of: other.business.tenantID))
                .subtracting(Self.words(try await server.texts(of: own.business.tenantID)))
            // Whatever tables there are: ids, names and addresses are among the words.
            #expect(theirs.isSuperset(of: Probe.ids(of: other).values) && theirs.contains("only-theirsoftheirs"))
            #expect(theirs.count { $0.hasSuffix(Self.mark.lowercased()) } > 30)
            // Whoever owns the business sees all of it, and what is the member's own.
            let access = try await own.business.access()
            let (_, tokens) = try await own.business.signedIn(as: [.owner], named: "Reader", access: access)
            try await TestAPI.with(server, key: tokens.accessToken, access: access) { api in
                let orders = try #require(try await api.get("/v1/orders/imports").ids().first)
                var (shown, seen, isEmpty) = (0, Set<String>(), Set<String>())
                for operation in try await API.of(own.business).operations
                where operation.method == .get && !operation.isOfPlatform {
                    let path = Self.path(operation, of: own, orders: orders)
                    var found = false
                    for query in Self.queries(operation) {
                        let answer = try await api.get(path + query)
                        #expect(answer.status == 200, "\(path + query): \(answer)")
                        let words = Self.words([answer.body])
                        #expect(words.isDisjoint(with: theirs), "\(path + query): \(words.intersection(theirs))")
                        seen.formUnion(words)
                        if try Self.holdsSomething(answer) { found = true }
                    }
                    if !found { isEmpty.insert(operation.path) }
                    shown += 1
                }
                #expect(isEmpty == Self.empty)
                // As one's own are seen, so would another's be.
                let own = Probe.ids(of: own).filter { $0.key != Tenant.kind && $0.key != Erasure.kind }
                #expect(shown > 60 && seen.isSuperset(of: own.values))
            }
        }
    }

    @Test func `Another tenant's place in a list shows nothing of it`() async throws {
        try await Neighbours.with { server, own, other in
            try await TestAPI.with(server, key: own.secret) { api in
                var theirs = api
                theirs.key = other.secret
                for path in ["/v1/customers?limit=1", "/v1/customers?limit=1&sort=-created_at"] {
                    let cursor = try #require(try await theirs.get(path).text("next_cursor"))
                    let answer = try await api.get("\(path)&cursor=\(cursor)")
                    #expect(answer.status == 200)
                    for id in Probe.ids(of: other).values { #expect(!answer.body.contains(id), "\(path)") }
                }
            }
        }
    }

    @Test func `Rows of a file that name anything of another tenant are wrong as those that name nothing`() async throws
    {
        try await Neighbours.with { server, own, other in
            let member = try await other.business.member("Stranger", roles: [.agent])
            let company = "their-company"
            var values = CustomerValues(name: "Company")
            (values.kind, values.reference) = (.organisation, company)
            _ = try await other.business.customers.create(other.business.context, values)
            let before = try await server.digests(of: other.business.tenantID)
            try await TestAPI.with(server, key: own.secret) { api in
                let files = HTTPFixture(
                    business: own.business, api: api, key: own.secret, access: try await own.business.access())
                let nobody = UUID().uuidString.lowercased()
                for (key, column, stranger, unknown, code) in [
                    ("id", "id", other.customer.id.description, nobody, "unknown_customer"),
                    ("reference", "markets", other.market.id.description, nobody, "not_found"),
                    ("reference", "owner", member.email, "nobody@team.example", "not_found"),
                    ("reference", "organisation", company, "no-company", "not_found"),
                ] {
                    let first = key == "id" ? "\(own.customer.id)" : "new"
                    var told: [JSONNode] = []
                    for value in [stranger, unknown] {
                        let file =
                            key == "id"
                            ? "id,name\n\(first),Ada\n\(value),Changed\n"
                            : "reference,name,\(column)\n\(first),New,\n\(first)-wrong,New,\(value)\n"
                        let report = try await files.upload(.customers, file, query: "?key=\(key)")
                        #expect(
                            try report.number("rejected") == 1 && report.number("rows") == 2, "\(column): \(report)")
                        let id = try #require(try report.text("id"))
                        let rejected = try await api.get("/v1/customers/imports/\(id)/rejected-rows")
                        #expect(try rejected.text("data/0/errors/0/code") == code, "\(column): \(rejected)")
                        #expect(try rejected.text("data/0/errors/0/column") == column, "\(column): \(rejected)")
                        let errors = rejected.body.replacing(value, with: "VALUE")
                        told.append(try JSONDecoder().decode(Errors.self, from: Data(errors.utf8)).data[0].errors)
                    }
                    #expect(told[0] == told[1], "\(column)")
                }
                let orders = try await files.upload(
                    .orders, "customer_ref,ordered_on,amount\nonly-theirs,2026-01-01,5\n")
                #expect(try orders.number("rejected") == 1 && orders.number("created") == 0, "\(orders)")
            }
            #expect(differences(before, try await server.digests(of: other.business.tenantID)) == [])
        }
    }

    private struct Errors: Decodable {
        struct Row: Decodable { let errors: JSONNode }
        let data: [Row]
    }

    /// The operation's path with one's own ids in it.
    private static func path(_ operation: Operation, of own: FilledBusiness, orders: String) -> String {
        var ids = Probe.ids(of: own)
        // Of which there are invitations.
        ids[Campaign.kind] = own.campaign.id.description
        if operation.path.hasPrefix("/v1/orders/imports") { ids[FileImport.kind] = orders }
        return operation.parameters.reduce(operation.path) { path, parameter in
            guard parameter.place == .path, let kind = parameter.schema.identifies else { return path }
            return path.replacing("{\(parameter.name)}", with: ids[kind] ?? "")
        }
    }

    /// Whether there is an object, something in the list, or a row in the file.
    private static func holdsSomething(_ answer: Answer) throws -> Bool {
        guard answer.headers[.contentType]?.contains("json") == true else {
            return answer.body.split(separator: "\r\n").count > 1
        }
        // A file of lines is no JSON as a whole.
        if answer.headers[.contentType]?.contains("ndjson") == true { return !answer.body.isEmpty }
        guard case .array(let items) = try answer.value("data") else { return true }
        return !items.isEmpty
    }

    /// The words in texts, with ids, references and addresses for such; no short ones, which are everywhere.
    private static func words(_ texts: [String]) -> Set<String> {
        texts.reduce(into: []) { words, text in
            for word in text.lowercased().utf8.split(whereSeparator: { !isWithinWord($0) }) where word.count >= 4 {
                words.insert(String(decoding: word, as: UTF8.self))
            }
        }
    }

    private static func isWithinWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
        case UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "."): true
        default: false
        }
    }
}
