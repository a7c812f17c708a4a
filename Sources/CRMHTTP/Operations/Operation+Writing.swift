import CRM
import Foundation
import HTTPTypes
import Hummingbird

/// Operations that change something.
extension Operation {
    /// Makes an object. The id is chosen before anything is done, so that a repeated request can be answered with it.
    ///
    /// - Parameter find: renders the object that a request of before has made.
    static func create<Caller: RepeatingPrincipal, New: JSONBody, Object: Resource>(
        _ declared: Declaration<Caller>, from input: New.Type,
        _ create: @escaping @Sendable (Caller, Identifier<Object>, New) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        let selection = FieldSelection(Object.schema)
        return Operation(
            .post, declared, parameters: [.idempotencyKey] + QueryReader.parameters { selection.read(&$0) },
            content: .json(New.self),
            success: .object(
                Object.self, .created, "The new \(Object.kind), and where it is.",
                headers: [.eTag, .location, .replayed]),
            problems: Body.problems + ProblemCode.ofIdempotency
        ) { call in
            let fields = try call.query { selection.read(&$0) }
            let body = try await Body.bytes(of: call.request, types: New.types)
            let new = try New(json: body)
            let id = Identifier<Object>.make()
            let context = try call.idempotent(declared.name, body: body.readableBytesView, object: id.rawValue)
            return try await replaying {
                Reply.created(try await create(context, id, new), at: declared.path, fields: fields)
            } replay: { object in
                let object: Object = try await find(
                    call.caller.reading(declared.permission), Identifier(rawValue: object))
                return Reply.created(object, at: declared.path, fields: fields)
            }
        }
    }

    /// Begins what a job does afterwards, and makes an object that tells how far it has come.
    ///
    /// - Parameters:
    ///   - collection: the path of the list that the object is in.
    ///   - find: renders the object for a request that is repeated.
    static func start<Caller: RepeatingPrincipal, Input: JSONBody, Object: Resource>(
        _ declared: Declaration<Caller>, with input: Input.Type, in collection: String,
        _ start: @escaping @Sendable (Caller, Identifier<Object>, Input) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        self.start(
            declared, nil, with: input, in: collection,
            { _, context, id, input in try await start(context, id, input) },
            replay: find)
    }

    /// Begins it with an object of the same kind, which has ended.
    static func start<Caller: RepeatingPrincipal, Object: Resource>(
        _ declared: Declaration<Caller>, in collection: String,
        _ start: @escaping @Sendable (Caller, Identifier<Object>, _ other: Identifier<Object>) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        self.start(
            declared, .identifier(Object.self), with: NoBody.self, in: collection,
            { call, context, id, _ in try await start(context, id, call.identifier()) }, replay: find)
    }

    private static func start<Caller: RepeatingPrincipal, Input: JSONBody, Object: Resource>(
        _ declared: Declaration<Caller>, _ other: Parameter?, with input: Input.Type, in collection: String,
        _ start: @escaping @Sendable (Call<Caller>, Caller, Identifier<Object>, Input) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        let isEmpty = Input.self == NoBody.self
        return Operation(
            .post, declared, parameters: [other, .idempotencyKey].compactMap(\.self),
            content: isEmpty ? nil : .json(Input.self),
            success: .object(
                Object.self, .accepted, "It is under way: the \(Object.kind), and where it is.",
                headers: [.eTag, .location, .replayed]),
            problems: (isEmpty ? [] : Body.problems) + ProblemCode.ofIdempotency + (other == nil ? [] : [.notFound])
        ) { call in
            try call.query { _ in }
            let (input, body) = try await Input.read(call.request)
            let id = Identifier<Object>.make()
            let context = try call.idempotent(declared.name, body: body, object: id.rawValue)
            return try await replaying {
                Reply.begun(try await start(call, context, id, input), in: collection)
            } replay: { object in
                let object: Object = try await find(
                    call.caller.reading(declared.permission), Identifier(rawValue: object))
                return Reply.begun(object, in: collection)
            }
        }
    }

    /// Changes an object by a merge patch.
    static func change<Caller: Principal, Changes: PatchBody, Object: Resource>(
        _ declared: Declaration<Caller>, by changes: Changes.Type,
        _ change: @escaping @Sendable (Caller, Identifier<Object>, Int?, Changes) async throws -> Object
    ) -> Operation {
        let selection = FieldSelection(Object.schema)
        return Operation(
            .patch, declared,
            parameters: [.identifier(Object.self), .ifMatch] + QueryReader.parameters { selection.read(&$0) },
            content: .json(Changes.self), success: .object(Object.self, .ok, "The \(Object.kind) as it is now."),
            problems: Body.problems + [.notFound, .stale, .badPrecondition]
        ) { call in
            let fields = try call.query { selection.read(&$0) }
            let id: Identifier<Object> = try call.identifier()
            let expected = try call.expectedVersion()
            let changes = try Changes(json: try await Body.bytes(of: call.request, types: Changes.types))
            return Reply.object(try await change(call.caller, id, expected, changes), fields: fields)
        }
    }

    /// Has something done with an object; a body says what, if there is one.
    ///
    /// - Parameters:
    ///   - status: 202 where a job does it afterwards.
    ///   - find: renders the object for a request that is repeated.
    static func act<Caller: RepeatingPrincipal, Input: JSONBody, Object: Resource>(
        _ declared: Declaration<Caller>, with input: Input.Type, status: HTTPResponse.Status = .ok,
        _ act: @escaping @Sendable (Caller, Identifier<Object>, Input) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        let selection = FieldSelection(Object.schema)
        let isEmpty = Input.self == NoBody.self
        return Operation(
            .post, declared,
            parameters: [.identifier(Object.self), .idempotencyKey] + QueryReader.parameters { selection.read(&$0) },
            content: isEmpty ? nil : .json(Input.self),
            success: .object(
                Object.self, status,
                status == .accepted
                    ? "It is under way; the \(Object.kind) as it is now." : "The \(Object.kind) as it is now.",
                headers: [.eTag, .replayed]),
            problems: (isEmpty ? [] : Body.problems) + ProblemCode.ofIdempotency + [.notFound]
        ) { call in
            let fields = try call.query { selection.read(&$0) }
            let id: Identifier<Object> = try call.identifier()
            let (input, body) = try await Input.read(call.request)
            let context = try call.idempotent(declared.name, body: body, object: id.rawValue)
            return try await replaying {
                Reply.object(try await act(context, id, input), status: status, fields: fields)
            } replay: { object in
                let object: Object = try await find(
                    call.caller.reading(declared.permission), Identifier(rawValue: object))
                return Reply.object(object, status: status, fields: fields)
            }
        }
    }

    /// Has something done with an object.
    static func act<Caller: RepeatingPrincipal, Object: Resource>(
        _ declared: Declaration<Caller>, status: HTTPResponse.Status = .ok,
        _ act: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object,
        replay find: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        self.act(
            declared, with: NoBody.self, status: status, { context, id, _ in try await act(context, id) }, replay: find)
    }

    /// Has an object go.
    static func remove<Caller: Principal, Object: Resource>(
        _ declared: Declaration<Caller>,
        _ remove: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Object
    ) -> Operation {
        self.remove(declared, of: Object.self) { caller, id in _ = try await remove(caller, id) }
    }

    /// Has an object go, or something of it.
    static func remove<Caller: Principal, Object: Resource>(
        _ declared: Declaration<Caller>, of type: Object.Type,
        _ remove: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Void
    ) -> Operation {
        Operation(
            .delete, declared, parameters: [.identifier(type)], success: .done("It is done."),
            problems: [.notFound]
        ) { call in
            try call.query { _ in }
            try await remove(call.caller, call.identifier())
            return Reply.done
        }
    }

    /// Does something for a caller who names no object, and tells nothing of it.
    static func perform<Caller: Principal, Input: JSONBody>(
        _ declared: Declaration<Caller>, with input: Input.Type, _ description: String,
        _ perform: @escaping @Sendable (Caller, Input) async throws -> Void
    ) -> Operation {
        answer(declared, with: input, .done(description)) { caller, input in
            try await perform(caller, input)
            return Reply.done
        }
    }

    /// Does something for a caller who names no object, and answers with a value.
    static func perform<Caller: Principal, Input: JSONBody, Value: JSONObject>(
        _ declared: Declaration<Caller>, with input: Input.Type,
        _ perform: @escaping @Sendable (Caller, Input) async throws -> Value
    ) -> Operation {
        answer(declared, with: input, .value(Value.self, Value.schemaDescription)) { caller, input in
            Reply.value(try await perform(caller, input))
        }
    }

    private static func answer<Caller: Principal, Input: JSONBody>(
        _ declared: Declaration<Caller>, with input: Input.Type, _ success: Success,
        _ answer: @escaping @Sendable (Caller, Input) async throws -> Response
    ) -> Operation {
        Operation(.post, declared, content: .json(Input.self), success: success, problems: Body.problems) { call in
            try call.query { _ in }
            var response = try await answer(call.caller, try await Input.read(call.request).value)
            // Secrets stay in no cache.
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    /// Asks for something of an object that changes nothing, by POST because it is work.
    static func ask<Caller: Principal, Object: Resource, Value: JSONObject>(
        _ declared: Declaration<Caller>, of type: Object.Type,
        _ ask: @escaping @Sendable (Caller, Identifier<Object>) async throws -> Value
    ) -> Operation {
        Operation(
            .post, declared, parameters: [.identifier(Object.self)],
            success: .value(Value.self, Value.schemaDescription), problems: [.notFound]
        ) { call in
            try call.query { _ in }
            return Reply.value(try await ask(call.caller, call.identifier()))
        }
    }

    /// Runs what a request asks for; one that was done before is answered as it was then.
    static func replaying(
        _ run: () async throws -> Response, replay: (UUID) async throws -> Response
    ) async throws -> Response {
        do {
            return try await run()
        } catch ServiceError.replay(let object) {
            var response = try await replay(object)
            response.headers[.idempotencyReplayed] = "true"
            return response
        }
    }
}

extension Operation.Content {
    static func json<Input: JSONBody>(_ type: Input.Type) -> Operation.Content {
        Operation.Content(types: Input.types, schema: Input.schema, example: Input.example)
    }
}

extension Body {
    /// How reading a body may fail.
    static let problems: [ProblemCode] = [.malformed, .invalid, .tooLarge, .unsupportedMediaType]
}
