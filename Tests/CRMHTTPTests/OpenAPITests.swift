import CRM
import Foundation
import Hummingbird
import NIOCore
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("OpenAPI")
struct OpenAPITests {
    private func withOperations(_ body: ([Operation]) throws -> Void) async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let api = try await API.of(business)
            try body(api.operations)
        }
    }

    @Test func `Operations and their objects have names of their own`() async throws {
        try await withOperations { operations in
            #expect(Set(operations.map(\.name)).count == operations.count)
            #expect(Set(operations.map { "\($0.method) \($0.path)" }).count == operations.count)
            // Two that share a name would be one in the document.
            func named(_ schema: JSONSchema) -> [JSONSchema] {
                var found: [JSONSchema] = schema.name == nil ? [] : [schema]
                switch schema.shape {
                case .list(let element, _): found += named(element)
                case .map(let value, _, _): found += named(value)
                case .object(let properties): found += properties.flatMap { named($0.schema) }
                default: break
                }
                return found
            }
            let all = operations.flatMap {
                ($0.success.payload.map { named($0.schema) } ?? []) + ($0.content.map { named($0.schema) } ?? [])
            }
            for (name, schemas) in Dictionary(grouping: all, by: \.name) {
                #expect(Set(schemas.map { $0.properties.map(\.name) }).count == 1, "\(name ?? "")")
            }
        }
    }

    @Test func `Every example of a body is accepted by what reads it`() throws {
        func accept<Body: JSONBody>(_ type: Body.Type) throws {
            _ = try Body(json: ByteBuffer(string: Body.example))
        }
        try accept(NewRecord<CustomerValues>.self)
        try accept(RecordChanges<CustomerValues>.self)
        try accept(SignIn.self)
        try accept(Refresh.self)
        try accept(SignOut.self)
        try accept(PasswordChange.self)
        try accept(ResetRequest.self)
        try accept(PasswordChoice.self)
        try accept(NewMember.self)
        try accept(MemberChanges.self)
        try accept(NewKey.self)
        try accept(KeyRotation.self)
        try accept(NewTenant.self)
        try accept(NewOwner.self)
        try accept(NewRecord<SegmentValues>.self)
        try accept(PreviewedRule.self)
        try accept(NewMembers.self)
        try accept(NewPlan.self)
        try accept(PlanChanges.self)
        try accept(NewSurvey.self)
        try accept(SurveyChanges.self)
        try accept(NewCampaign.self)
    }

    @Test func `Every problem is declared where it may happen`() async throws {
        try await withOperations { operations in
            let declared = Set(operations.flatMap(\.everyProblem))
            #expect(Set(ProblemCode.allCases).subtracting(declared) == [.draining])
            let node = OpenAPIDocument(operations: operations).node
            let document = String(decoding: JSONWriter.bytes(of: node), as: UTF8.self)
            for code in ProblemCode.allCases { #expect(document.contains("`\(code.rawValue)`: "), "\(code.rawValue)") }
        }
    }

    @Test func `What more is said is said of operations that there are`() async throws {
        try await withOperations { operations in
            #expect(Set(DocumentText.notes.keys).subtracting(operations.map(\.name)) == [])
        }
    }

    @Test func `A body is documented as one that may be left out where it may be`() async throws {
        try await withOperations { operations in
            let found = operations.filter { $0.content?.mayBeLeftOut == true }.map(\.name)
            #expect(Set(found) == ["sign_out", "rotate_key", "merge_duplicate", "merge_duplicates"])
            #expect(SignOut.mayBeLeftOut && KeyRotation.mayBeLeftOut && !NewKey.mayBeLeftOut)
        }
    }

    @Test func `The page for people tells roles, actions and how members sign in`() async throws {
        try await HTTPFixture.with { fixture in
            let page = try await fixture.with(key: nil).get("/docs").body
            for part in ["id=\"roles\"", "id=\"audit-actions\"", "<strong>Members.</strong>", "15 minutes"] {
                #expect(page.contains(part), "\(part)")
            }
            for action in AuditAction.all { #expect(page.contains("<code>\(action.name)</code>"), "\(action.name)") }
            for scope in Scope.allCases { #expect(page.contains("<code>\(scope.rawValue)</code>"), "\(scope)") }
        }
    }

    @Test func `README tells every way to be refused`() throws {
        let readme = try String(
            contentsOf: sqlDirectory.deletingLastPathComponent().appending(path: "README.md"), encoding: .utf8)
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| ") }
        for code in ProblemCode.allCases {
            #expect(
                rows.contains { $0.hasPrefix("| \(code.status.code)") && $0.contains("`\(code.rawValue)`") },
                "\(code.status.code) \(code.rawValue)")
        }
    }

    @Test func `The document is served without a key, and so is the page for people`() async throws {
        try await HTTPFixture.with { fixture in
            let anybody = fixture.with(key: nil)
            let document = try await anybody.get("/openapi.json")
            #expect(document.status == 200)
            #expect(try document.text("openapi") == "3.1.0")
            let page = try await anybody.get("/docs")
            #expect(page.status == 200)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            try await withOperations { operations in
                for operation in operations { #expect(page.body.contains("id=\"\(operation.name)\"")) }
            }
            for loading in ["<script", "<link", "src=", "href=\"http", "@import", "url("] {
                #expect(!page.body.contains(loading), "\(loading)")
            }
        }
    }
}
