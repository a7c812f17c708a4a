import CRM
import Foundation
import HTTPTypes
import Hummingbird

struct CustomerRoutes {
    let customers: CustomerService
    let imports: ImportService
    let spool: UploadSpool

    func add(to group: RouterGroup<TenantRequestContext>) {
        group.post("/customers") { request, context in
            let new = try await BodyReader.read(request) { NewCustomer(&$0) }
            let customer = try await customers.create(context.tenant, new)
            return try Reply.created(customer, version: customer.version, at: "/v1/customers/\(customer.id)")
        }
        group.get("/customers") { request, context in
            let query = try ListQuery(request, filters: ["stage", "kind", "language", "reference"])
            var filter = CustomerFilter()
            filter.stages = try query.choices("stage")
            filter.kinds = try query.choices("kind")
            filter.languages = query.values("language")
            filter.references = query.values("reference")
            return try Reply.page(try await customers.list(context.tenant, filter, query.page))
        }
        group.get("/customers/:id") { _, context in
            let customer = try await customers.find(context.tenant, context.identifier("customer"))
            return try Reply.object(customer, version: customer.version)
        }
        group.patch("/customers/:id") { request, context in
            let changes = try await BodyReader.readPatch(request) { CustomerChanges(&$0) }
            let customer = try await customers.update(
                context.tenant, context.identifier("customer"), ifVersion: request.expectedVersion(), changes)
            return try Reply.object(customer, version: customer.version)
        }
        group.post("/customers/import") { request, context in
            try context.tenant.require(.customersWrite)
            return try await spool.withFile(request, type: "text/csv") { file in
                try Reply.json(try await imports.importCustomers(context.tenant, from: file))
            }
        }
        group.post("/orders/import") { request, context in
            try context.tenant.require(.ordersWrite)
            return try await spool.withFile(request, type: "text/csv") { file in
                try Reply.json(try await imports.importOrders(context.tenant, from: file))
            }
        }
    }
}

extension BodyReader {
    /// A merge patch (RFC 7396), under its own media type or as plain JSON.
    static func readPatch<Value>(
        _ request: Request, _ read: (inout BodyReader) throws -> Value
    ) async throws -> Value {
        let sent = request.headers[.contentType]?.lowercased() ?? ""
        let type = sent.hasPrefix("application/json") ? "application/json" : "application/merge-patch+json"
        return try await Self.read(request, type: type, read)
    }

    fileprivate mutating func contactPoints() -> [ContactPoint]? {
        objects("contact_points") { reader in
            ContactPoint(
                channel: reader.requiredChoice("channel", else: .email), address: reader.requiredText("address"),
                isPrimary: reader.flag("is_primary") ?? false)
        }
    }

    /// A member that a patch may remove: absent is `nil`, null is `.some(nil)`.
    fileprivate mutating func removableText(_ name: String) -> String?? {
        let value = text(name)
        return isNull(name) ? .some(nil) : value.map { .some($0) }
    }

    fileprivate mutating func refuseNull(_ name: String) {
        if isNull(name) { missing(name, ()) }
    }
}

extension NewCustomer {
    init(_ reader: inout BodyReader) {
        self.init(name: reader.requiredText("name"))
        kind = reader.choice("kind") ?? .person
        stage = reader.choice("stage") ?? .potential
        reference = reader.text("reference")
        language = reader.text("language")
        timeZone = reader.text("time_zone")
        attributes = reader.members("attributes") ?? [:]
        contactPoints = reader.contactPoints() ?? []
    }
}

extension CustomerChanges {
    init(_ reader: inout BodyReader) {
        self.init()
        for name in ["name", "kind", "stage", "language"] { reader.refuseNull(name) }
        name = reader.text("name")
        kind = reader.choice("kind")
        stage = reader.choice("stage")
        reference = reader.removableText("reference")
        language = reader.text("language")
        timeZone = reader.removableText("time_zone")
        attributes = reader.members("attributes")
        contactPoints = reader.contactPoints()
    }
}
