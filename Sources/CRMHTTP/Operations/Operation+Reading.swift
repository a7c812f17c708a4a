import CRM
import HTTPTypes
import Hummingbird

/// The filters of a list, read from its query.
protocol ListFilter: Sendable {
    init(_ query: inout QueryReader)
}

/// A list without filters.
private struct NoFilter: ListFilter {
    init(_ query: inout QueryReader) {}
}

/// Operations that change nothing.
extension Operation {
    /// One object by its id.
    ///
    /// - Parameter isLive: whether it shows what changes without its version, so that it is always sent.
    static func find<Caller: Principal, Object: Resource>(
        _ declared: Declaration<Caller>, isLive: Bool = false,
        _ find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        let selection = FieldSelection(Object.schema)
        return Operation(
            .get, declared,
            parameters: [.identifier(Object.self)] + (isLive ? [] : [.ifNoneMatch])
                + QueryReader.parameters { selection.read(&$0) },
            success: .object(Object.self, .ok, "The \(Object.kind)."),
            problems: [.notFound]
        ) { call in
            let fields = try call.query { selection.read(&$0) }
            let object = try await find(call.caller, call.identifier())
            return !isLive && call.holds(object.version)
                ? Reply.notModified(object.version) : Reply.object(object, fields: fields)
        }
    }

    /// What there is to see of an object beyond itself; it has no version.
    static func show<Caller: Principal, Object: Resource, Value: JSONObject>(
        _ declared: Declaration<Caller>, of type: Object.Type,
        _ show: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Value
    ) -> Operation {
        Operation(
            .get, declared, parameters: [.identifier(type)],
            success: .value(Value.self, Value.schemaDescription), problems: [.notFound]
        ) { call in
            try call.query { _ in }
            return Reply.value(try await show(call.caller, call.identifier()))
        }
    }

    /// A page of a list without filters.
    static func list<Caller: Principal, Item: JSONObject & Listed>(
        _ declared: Declaration<Caller>, of parent: (any Resource.Type)? = nil,
        _ list: @escaping @Sendable (Call<Caller>, PageRequest<Item>) async throws -> Page<Item>
    ) -> Operation {
        self.list(declared, of: parent, by: NoFilter.self) { call, _, page in try await list(call, page) }
    }

    /// A page of a list.
    static func list<Caller: Principal, Item: JSONObject & Listed, Filter: ListFilter>(
        _ declared: Declaration<Caller>, of parent: (any Resource.Type)? = nil, by filter: Filter.Type,
        _ list: @escaping @Sendable (Call<Caller>, Filter, PageRequest<Item>) async throws -> Page<Item>
    ) -> Operation {
        let selection = FieldSelection(Item.schema)
        @Sendable func read(
            _ query: inout QueryReader
        ) -> (filter: Filter, page: PageRequest<Item>, fields: FieldSelection.Fields?) {
            let page: PageRequest<Item> = query.page()
            return (Filter(&query), page, selection.read(&query))
        }
        return Operation(
            .get, declared,
            parameters: (parent.map { [.identifier($0)] } ?? []) + QueryReader.parameters { _ = read(&$0) },
            success: .page(of: Item.self), problems: (parent == nil ? [] : [.notFound])
        ) { call in
            let (filter, page, fields) = try call.query(read)
            return Reply.page(try await list(call, filter, page), fields: fields)
        }
    }
}

extension Operation.Payload {
    static func json(_ schema: JSONSchema, _ example: [UInt8]) -> Operation.Payload {
        Operation.Payload(type: "application/json", schema: schema, example: example)
    }
}

extension Operation.Success {
    /// That it was done, and nothing to tell of it.
    static func done(_ description: String) -> Operation.Success {
        Operation.Success(status: .noContent, description: description, payload: nil)
    }

    /// One object, with its `ETag`.
    static func object<Object: Resource>(
        _ type: Object.Type, _ status: HTTPResponse.Status, _ description: String,
        headers: [Operation.Header] = [.eTag]
    ) -> Operation.Success {
        Operation.Success(
            status: status, description: description,
            payload: .json(Object.schema.selectable, JSONWriter.bytes(of: Object.example)), headers: headers)
    }

    /// A value without a version.
    static func value<Value: JSONObject>(
        _ type: Value.Type, _ description: String, headers: [Operation.Header] = []
    ) -> Operation.Success {
        Operation.Success(
            status: .ok, description: description, payload: .json(Value.schema, JSONWriter.bytes(of: Value.example)),
            headers: headers)
    }

    static func page<Item: JSONObject>(of type: Item.Type) -> Operation.Success {
        Operation.Success(
            status: .ok, description: "A page of the list.",
            payload: .json(Page<Item>.schema, JSONWriter.bytes(of: Page(items: [Item.example], nextCursor: nil))))
    }
}

extension Parameter {
    /// The id in the path.
    static func identifier(_ type: any Resource.Type) -> Parameter {
        Parameter(.path, "id", .identifier(of: type.kind), "The \(type.kind)'s id.")
    }

    static let ifNoneMatch = Parameter(
        .header, "If-None-Match", .string, "The ETag that the client holds: 304 when the object has not changed since.")
    static let ifMatch = Parameter(
        .header, "If-Match", .string, "The ETag that the change is made for: 412 when the object has changed since.")
    static let idempotencyKey = Parameter(
        .header, "Idempotency-Key", IdempotentRequest.keyRule.schema,
        "A text of the client's own, unique to this request. The same request under the same key within 24 hours is answered as the first one was, and changes nothing."
    )
}
