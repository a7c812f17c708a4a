import CRM
import Foundation
import HTTPTypes
import Hummingbird
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// What a key reaches of another tenant: nothing, not even whether it is there.
@Suite("Isolation")
struct IsolationTests {
    @Test func `Every operation is probed wherever it can name something of another tenant`() async throws {
        try await Neighbours.with { server, own, other in
            let api = try await API.of(own.business)
            let operations = api.operations
            let declared = Set(operations.map { "\($0.method) \($0.path)" })
            let routes = Set(api.routes().routes.map { "\($0.method) \($0.template)" })
            let byHand = Set(Probe.byHand(of: other, by: own).map(\.operation))
            #expect(routes.subtracting(declared).subtracting(byHand) == Probe.nameNothing, "routes without a probe")
            for operation in operations {
                // Ids are found by their schemas; a text could name something too.
                for parameter in operation.parameters where parameter.place == .query && isText(parameter.schema) {
                    #expect(Probe.harmlessTexts.contains(parameter.name), "\(operation.name) \(parameter.name)")
                }
                for probe in try Probe.declared(operation, of: other, by: own) {
                    #expect(probe.stranger != probe.unknown)
                }
            }
        }
    }

    @Test func `Another tenant's ids are answered exactly as unknown ones, and no row changes`() async throws {
        try await Neighbours.with { server, own, other in
            let api = try await API.of(own.business)
            let probes =
                try api.operations.flatMap { try Probe.declared($0, of: other, by: own) }
                + Probe.byHand(of: other, by: own)
            try await TestAPI.with(server, key: own.secret) { api in
                // The key's last use is noted once a minute.
                #expect(try await api.get("/v1/segments").status == 200)
                let before = try await server.digests()
                for probe in probes {
                    let answer = try await api.send(probe.request(probe.stranger))
                    let unknown = try await api.send(probe.request(probe.unknown))
                    #expect(answer.status == probe.status, "\(probe.name)")
                    #expect(unknown.status == probe.status, "\(probe.name)")
                    let (one, other) = try (comparable(answer, probe.stranger), comparable(unknown, probe.unknown))
                    #expect(one == other, "\(probe.name)")
                    #expect(Set(answer.headers.map(\.name)) == Set(unknown.headers.map(\.name)), "\(probe.name)")
                    guard probe.status == 200 else { continue }
                    if answer.headers[.contentType]?.contains("csv") == true {
                        #expect(answer.body.split(separator: "\r\n").count == 1, "\(probe.name)")
                    } else {
                        #expect(try answer.list("data") == [], "\(probe.name)")
                    }
                }
                // That somebody exports, if nothing, is told in the log.
                let exports = probes.filter { $0.name.contains("/export") && $0.status == 200 }.count * 2
                #expect(
                    try await server.number(
                        "SELECT count(*) FROM crm.event WHERE action IN ('customers.exported', 'orders.exported')")
                        == exports)
                try await server.execute(
                    "DELETE FROM crm.event WHERE action IN ('customers.exported', 'orders.exported')")
                #expect(differences(before, try await server.digests()) == [])
            }
        }
    }

    @Test func `References and names are free for each tenant`() async throws {
        try await Neighbours.with { server, own, other in
            let before = try await server.digests(of: other.business.tenantID)
            try await TestAPI.with(server, key: own.secret) { api in
                let customer = try await api.post("/v1/customers", #"{"name": "Mine", "reference": "only-theirs"}"#)
                #expect(customer.status == 201)
                let file = TestRequest(
                    .post, "/v1/customers/imports", "reference,name\nonly-theirs,Changed\n", type: "text/csv")
                let sent = try await api.send(file)
                #expect(sent.status == 202)
                let id = try #require(try sent.text("id").flatMap { FileImport.ID($0) })
                try await ImportRunner(database: own.business.database).run(own.business.context, id)
                #expect(try await api.get("/v1/customers/imports/\(id)").number("updated") == 1)
            }
            #expect(differences(before, try await server.digests(of: other.business.tenantID)) == [])
        }
    }

    @Test func `A key whose public part names another tenant opens nothing`() async throws {
        try await Neighbours.with { server, own, other in
            let mixed = own.secret.prefix(30) + other.secret.suffix(26)
            try await TestAPI.with(server, key: String(mixed)) { api in
                let answer = try await api.get("/v1/customers")
                #expect(answer.status == 401)
            }
        }
    }

    /// Whether a value is of the client's choosing, and no id.
    private func isText(_ schema: JSONSchema) -> Bool {
        switch schema.shape {
        case .string: schema.choices == nil && schema.format == nil
        case .list(let element, _): isText(element)
        default: false
        }
    }

    /// The body without what always differs, members of objects in no order.
    private func comparable(_ answer: Answer, _ id: String) throws -> JSONNode {
        let body = answer.body.replacing(id, with: "ID").replacing(/"request_id":"[^"]*"/, with: "\"request_id\":\"\"")
        guard answer.headers[.contentType]?.contains("json") == true else { return .string(body) }
        return try JSONDecoder().decode(JSONNode.self, from: Data(body.utf8))
    }
}
